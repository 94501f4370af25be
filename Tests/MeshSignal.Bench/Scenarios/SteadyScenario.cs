using System.Globalization;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>A minute of steady relaying, half candidates and half offers: what it leaves to the garbage collector.</summary>
internal static class SteadyScenario
{
    private const int UsualSeconds = 60;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        var length = TimeSpan.FromSeconds(options.GivenSeconds ?? UsualSeconds);
        var command = MeshSignalServer.Command(options, MeshSignalServer.AmpleBudgets);
        var contestant = Contestant.OfMeshSignal(
            Contestant.MeshSignal, port => ["env", $"DOTNET_STARTUP_HOOKS={typeof(SteadyScenario).Assembly.Location}", .. command(port)]);
        using var server = ServerProcess.Start(contestant.Name, contestant.Command, core: null, cancel);
        LoadPeer[] peers =
        [
            .. new[] { Shape.Candidate, Shape.Offer }.SelectMany(shape => contestant.Connect(server.Address, shape, Math.Max(1, options.Pairs / 2), cancel)),
        ];
        try
        {
            var loop = new ClosedLoop(peers, server, pace: null, cancel);
            var before = Collections.Nothing;
            var window = loop.Run(TimeSpan.FromSeconds(Math.Max(1, options.Warmup)), length, atStart: () => before = Read(server));
            var made = Read(server) - before;
            Console.WriteLine($"steady: {peers.Length} connections, half of them with candidates and half with offers, for {length.TotalSeconds} s; {Machine.Text(cores: null)}");
            var promises = new Promises();
            promises.Check(made.Full == 0, $"generation 2 collections in {length.TotalSeconds} s: {made.Full}");
            Promises.Tell($"generation 0 collections: {made.Young}, generation 1: {made.Middle}; {made.Bytes / window.Messages} bytes allocated for each message");
            Promises.Tell($"everything stood still for {made.Pause.TotalMilliseconds / Math.Max(1, made.Young + made.Middle + made.Full):F2} ms at each, {made.Pause / length:P1} of the time");
            Promises.Tell($"{window.MessagesPerSecond:F0} messages/s, {window.CpuMicrosPerMessage:F1} µs of CPU for each; RSS {ProcessSample.Read(server).RssMegabytes:F0} MiB");
            promises.Conclude();
        }
        finally
        {
            foreach (var peer in peers) peer.Dispose();
        }
    }

    /// <summary>What the server's collector has done so far; asks it.</summary>
    private static Collections Read(ServerProcess server)
    {
        var line = server.Ask(StartupHook.Prefix, Patience);
        var numbers = line[StartupHook.Prefix.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static one => long.Parse(one, CultureInfo.InvariantCulture)).ToArray();

        // Each count holds those of the older generations too.
        return new Collections(numbers[0] - numbers[1], numbers[1] - numbers[2], numbers[2], numbers[3], TimeSpan.FromTicks(numbers[4]));
    }

    private sealed record Collections(long Young, long Middle, long Full, long Bytes, TimeSpan Pause)
    {
        public static Collections Nothing { get; } = new(0, 0, 0, 0, TimeSpan.Zero);

        public static Collections operator -(Collections end, Collections start) =>
            new(end.Young - start.Young, end.Middle - start.Middle, end.Full - start.Full, end.Bytes - start.Bytes, end.Pause - start.Pause);
    }
}
