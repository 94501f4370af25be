using System.Diagnostics;
using System.Text.Json;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>
/// Broken frames, broken handshakes and mutated messages against a server process, while two pairs of peers who do everything right count what they get.
/// What the server must not do is told by the models of the fuzzer's tests; every input that goes wrong is kept in their corpus.
/// </summary>
internal static class FuzzScenario
{
    private const int Lanes = 200;
    private const int Sequences = 10_000;
    private const int Messages = 100_000;
    private const int Rounds = 5;

    // What a server needs once and keeps: code, pools, tables. After it begins what must come back.
    private const int WarmUpShare = 10;
    private const int WarmUpSeed = 500;

    private const double MostGrowth = 1.3;
    private const int MostGrowthMegabytes = 48;

    private static readonly TimeSpan WindowTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(30);

    private static readonly string[] Settings =
    [
        $"--MeshSignal:Sessions:ResumeGrace={FuzzLane.Grace}", "--MeshSignal:Calls:MaxParticipants=10", "--MeshSignal:Calls:Rooms:0:Pattern=relayed-*",
        "--MeshSignal:Calls:Rooms:0:ForceRelay=true",
        "--MeshSignal:Ice:TurnUrls:0=turn:turn.example.org:3478", "--MeshSignal:Ice:TurnSecret=a-secret-of-20-and-more-characters",
        "--MeshSignal:Ice:RelayRanges:0=198.51.100.0/28",
    ];

    public static void Run(int seed, BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        using var server = MeshSignalServer.Start(options, cancel, [.. MeshSignalServer.AmpleBudgets, .. Settings]);
        RunAsync(seed, server, cancel).GetAwaiter().GetResult();
    }

    private static async Task RunAsync(int seed, ServerProcess server, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(LongestRun);
        var (tally, warmUp, started) = (new FuzzTally(), new FuzzTally(), Stopwatch.GetTimestamp());
        await using var steady = await SteadyPairs.StartAsync(server, tally, Pace);

        Console.WriteLine($"fuzz: seed {seed}, {Lanes} connections, half of them legacy, {Rounds} rounds after a warm-up");
        var names = Enumerable.Repeat("nobody", Lanes).ToArray();
        FuzzLane[] NewLanes(int lanesSeed, FuzzTally counted) =>
            [.. Enumerable.Range(0, Lanes).Select(lane => new FuzzLane(lane, lanesSeed, server.Address, counted, names, limit.Token))];

        await RunAsync(NewLanes(seed + WarmUpSeed, warmUp), WarmUpShare);
        tally.Failures.AddRange(warmUp.Failures);

        var before = (Cpu: await steady.MeasureAsync(WindowTime), Megabytes: ProcessSample.Read(server).RssMegabytes);
        var lanes = NewLanes(seed, tally);
        var window = steady.Begin();
        for (var round = 1; round <= Rounds; round++)
        {
            await RunAsync(lanes, Rounds);
            var memory = ProcessSample.Read(server).RssMegabytes;
            Console.Error.WriteLine($"round {round}/{Rounds}: {tally.Sequences} sequences, {tally.Messages} messages, {tally.Failures.Count} violations, {memory:F0} MiB");
        }

        var (during, each) = (steady.End(window), steady.Besides(window, before.Cpu) / Math.Max(1, tally.Sequences + tally.Messages));
        var after = (Cpu: await steady.MeasureAsync(WindowTime), Megabytes: ProcessSample.Read(server).RssMegabytes);
        await steady.StopAsync();
        await CheckEmptyAsync(server, tally);
        CheckEnd(server, tally, before.Megabytes, after.Megabytes, limit.Token);

        foreach (var (what, count) in tally.Counts.OrderBy(count => count.Key, StringComparer.Ordinal))
            Console.WriteLine($"  {count,8} {what}");
        Console.WriteLine($"sent: {tally.Sequences} broken sequences, {tally.Messages} messages, in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
        Console.WriteLine($"healthy messages: {steady.Arrived}, none lost, changed or out of order unless told below");
        Console.WriteLine("CPU of the server for each healthy message, all that it does charged to them:");
        var ratios = (With: during / before.Cpu, After: after.Cpu / before.Cpu);
        Console.WriteLine($"  {before.Cpu:F0} µs before, {during:F0} µs with the fuzz (ratio {ratios.With:F1}), {after.Cpu:F0} µs after it (ratio {ratios.After:F2})");
        Console.WriteLine($"CPU of the server for each broken sequence or message: {each:F0} µs");
        Console.WriteLine($"memory of the server (RSS): {before.Megabytes:F0} MiB before, {after.Megabytes:F0} MiB after");
        Console.WriteLine($"process alive: {(server.WaitForExit(TimeSpan.Zero) is null ? "yes" : "no")}; violations: {tally.Failures.Count}");
        foreach (var failure in tally.Failures)
            Console.WriteLine($"  {failure}");
        if (tally.Failures.Count > 0)
            throw new BenchException($"{tally.Failures.Count} violations");
    }

    /// <summary>All lanes at once, each with its share of one of so many parts of the whole.</summary>
    private static Task RunAsync(FuzzLane[] lanes, int parts) =>
        Task.WhenAll(lanes.Select(lane => Task.Run(() => lane.RunAsync(Sequences / parts / Lanes, Messages / parts / Lanes))));

    /// <summary>All have gone: nobody is connected, and nobody is in a room, once those that may come back have had their time.</summary>
    private static async Task CheckEmptyAsync(ServerProcess server, FuzzTally tally)
    {
        using var http = new HttpClient();
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            string stats;
            try
            {
                stats = JsonElement.Parse(await http.GetStringAsync(new Uri($"http://{server.Address}/server-info"))).GetProperty("currentStats").GetRawText();
            }
            catch (HttpRequestException e)
            {
                tally.Fail($"the server does not answer any more: {e.Message}");
                return;
            }

            if (JsonElement.Parse(stats).EnumerateObject().All(count => count.Value.GetInt32() == 0))
                return;
            if (Stopwatch.GetElapsedTime(started) > EndTime)
            {
                tally.Fail($"not all have gone: {stats}");
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    private static void CheckEnd(ServerProcess server, FuzzTally tally, double before, double after, CancellationToken limit)
    {
        if (limit.IsCancellationRequested)
            tally.Fail($"it was not done after {LongestRun}");
        if (after > (before * MostGrowth) + MostGrowthMegabytes)
            tally.Fail($"memory has grown from {before:F0} to {after:F0} MiB");
        foreach (var fault in server.Log.Faults.Take(3))
            tally.Fail($"the server has logged: {fault}");
    }
}
