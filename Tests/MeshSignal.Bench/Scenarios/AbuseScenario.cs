using System.Diagnostics;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Load.Abuse;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>Some try to wear the server out, with its default limits, while others are in calls: those lose nothing, and the server does not pay much more for them.</summary>
internal static class AbuseScenario
{
    private const int UsualSeconds = 20;
    private const double MostCpu = 1.5;

    // Some of what abusers do is done a few times a minute, and compiled for good when it has been done sixty times: so it is done by many first, until a turn of that has left next to nothing to compile.
    private const int Copies = 8;
    private const int MostWarmTurns = 8;
    private const double MostCompiling = 0.005;
    private static readonly TimeSpan WarmTurn = TimeSpan.FromSeconds(26);

    // From one state to the other; not counted.
    private static readonly TimeSpan Change = TimeSpan.FromSeconds(4);

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        using var server = MeshSignalServer.Start(options, cancel, ["--MeshSignal:Limits:ExemptLoopback=false"]);
        using var pairs = HealthyPairs.StartAsync(server.Address, options.Pairs, cancel, options.Rate, isSpread: true).Result;
        var length = TimeSpan.FromSeconds(options.GivenSeconds ?? UsualSeconds);
        var all = Choose(server, options, copies: 1);
        var (wanted, spread) = (all.Where(static one => one.Name != Dribbler.Spread).ToArray(), all.Where(static one => one.Name == Dribbler.Spread).ToArray());
        Console.WriteLine($"abuse: {options.Pairs} healthy pairs, {options.Rate} signals a second each way; {length.TotalSeconds} s without abusers, with them, and without");

        WarmUp(pairs, server, options, cancel);
        var before = Alone(pairs, server, length, cancel);
        var amid = Amid(wanted, pairs, server, length, cancel);
        var after = Alone(pairs, server, length, cancel);
        var crowd = spread.Length == 0 ? null : Amid(spread, pairs, server, length, cancel);
        pairs.StopAsync().Wait(cancel);

        var promises = new Promises();
        promises.Check(pairs.Arrived == pairs.Sent, $"signals of healthy pairs that arrived: {pairs.Arrived} of {pairs.Sent}");
        promises.CheckNone("of them out of order or with an error", pairs.Faults);
        var without = (before.Cpu + after.Cpu) / 2;
        promises.Check(
            amid.Cpu <= MostCpu * without,
            $"CPU of the server for each healthy message, all that it does charged to them: {without:F0} µs without abusers ({before.Cpu:F0} before, {after.Cpu:F0} afterwards), "
            + $"{amid.Cpu:F0} µs with them, {amid.Cpu / without:F2} times as much (at most {MostCpu})");
        foreach (var abuser in all) promises.CheckNone($"{abuser.Text}; anything else", abuser.Faults);
        promises.CheckNone("errors in the log", server.Log.Faults);
        foreach (var (when, phase) in new[] { ("without", before), ("with", amid), ("afterwards", after), (Dribbler.Spread, crowd) })
            if (phase is not null) Promises.Tell($"{when,-10} {phase.Text}");
        if (crowd is not null) Promises.Tell($"{Dribbler.Spread}: {crowd.Cpu:F0} µs for each healthy message, {crowd.Cpu / without:F2} times as much as without abusers");
        Promises.Tell($"server RSS afterwards: {after.Rss / before.Rss - 1:P0} more than before");
        promises.Conclude();
    }

    /// <summary>What is to be measured must have been compiled, and its tables must have grown.</summary>
    private static void WarmUp(HealthyPairs pairs, ServerProcess server, BenchOptions options, CancellationToken cancel)
    {
        for (var turn = 1; turn <= MostWarmTurns; turn++)
        {
            var phase = Amid(Choose(server, options, Copies), pairs, server, WarmTurn - Change, cancel);
            Console.Error.WriteLine($"warm-up {turn}: {phase.Text}");
            if (turn > 1 && phase.Compiling < MostCompiling) return;
        }

        Console.WriteLine("the server still compiles: what it costs with abusers is too high");
    }

    /// <param name="copies">Of those who have but one address; from the second on of another each.</param>
    private static Abuser[] Choose(ServerProcess server, BenchOptions options, int copies)
    {
        Abuser[] all =
        [
            .. Enumerable.Range(0, copies).SelectMany(copy => new Abuser[] { new Flooder(server.Address, copy), new SlowReader(server.Address, copy), new Pinger(server.Address, copy) }),
            new Dribbler(server.Address, isSpread: false), new Dribbler(server.Address, isSpread: true),
        ];
        if (options.Only.Except(all.Select(static one => one.Name), StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            throw new BenchException($"--only knows {string.Join(", ", all.Select(static one => one.Name))}, not '{unknown}'");
        return [.. all.Where(one => options.Only.Count == 0 || options.Only.Contains(one.Name, StringComparer.Ordinal))];
    }

    private static Phase Amid(Abuser[] abusers, HealthyPairs pairs, ServerProcess server, TimeSpan length, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var running = Task.WhenAll(abusers.Select(abuser => abuser.RunAsync(stop.Token)));
        try
        {
            return Alone(pairs, server, length, cancel);
        }
        finally
        {
            stop.Cancel();
            running.Wait(CancellationToken.None);
        }
    }

    private static Phase Alone(HealthyPairs pairs, ServerProcess server, TimeSpan length, CancellationToken cancel)
    {
        cancel.WaitHandle.WaitOne(Change);
        pairs.Latency();
        var (began, clock, compiler, arrived, rss) = (Stopwatch.GetTimestamp(), CpuClock.Read(server), CompilerThread.Read(server), pairs.Arrived, new List<double>());
        var compiled = TimeSpan.Zero;
        while (Stopwatch.GetElapsedTime(began) < length)
        {
            cancel.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(500));
            cancel.ThrowIfCancellationRequested();
            rss.Add(ProcessSample.Read(server).RssMegabytes);

            // It ends when it has been idle for some seconds; what it then has used is lost.
            var now = CompilerThread.Read(server);
            if (now.Id > 0) (compiled, compiler) = (compiled + now.Since(compiler), now);
        }

        var (cpu, messages) = (CpuClock.Read(server) - clock, pairs.Arrived - arrived);
        return new Phase(cpu, compiled, messages, Stopwatch.GetElapsedTime(began), pairs.Latency(), rss.Min(), rss.Max());
    }

    /// <param name="Rss">The lowest, in MiB: what the collector has in hand above that comes and goes.</param>
    /// <param name="Compiled">CPU time of the thread that compiles hot code again; in half seconds, after the last of which what it has used is not seen.</param>
    private sealed record Phase(CpuClock Used, TimeSpan Compiled, long Messages, TimeSpan Length, string Latency, double Rss, double MostRss)
    {
        /// <summary>Of the server, for each healthy message, in µs.</summary>
        public double Cpu => Used.Server.TotalMicroseconds / Math.Max(1, Messages);

        /// <summary>As a share of a core.</summary>
        public double Compiling => Compiled / Length;

        public string Text => $"{Messages / Length.TotalSeconds,4:F0} healthy messages/s, {Latency}; server {Used.Server / Length:P1} of a core (compiling {Compiling:P1}), generator {Used.Generator / Length:P1}, "
            + $"others {Used.Others / Length:P0}; server RSS {Rss:F0} to {MostRss:F0} MiB";
    }
}
