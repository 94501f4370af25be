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

    // Abusers who are let in twice a second take the path of a new connection: it is compiled again, for good, when it has been taken sixty times.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(90);

    // From one state to the other; not counted.
    private static readonly TimeSpan Change = TimeSpan.FromSeconds(4);

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        using var server = MeshSignalServer.Start(options, cancel, ["--MeshSignal:Limits:ExemptLoopback=false"]);
        using var pairs = HealthyPairs.StartAsync(server.Address, options.Pairs, cancel, options.Rate, isSpread: true).Result;
        var length = TimeSpan.FromSeconds(options.GivenSeconds ?? UsualSeconds);
        var all = Choose(server, options);
        var (wanted, spread) = (all.Where(static one => one.Name != Dribbler.Spread).ToArray(), all.Where(static one => one.Name == Dribbler.Spread).ToArray());
        Console.WriteLine($"abuse: {options.Pairs} healthy pairs, {options.Rate} signals a second each way; {length.TotalSeconds} s without abusers, with them, and without");

        // What is to be measured must have been compiled, and its tables must have grown.
        Amid(Choose(server, options), pairs, server, WarmUp - Change, cancel);
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

    private static Abuser[] Choose(ServerProcess server, BenchOptions options)
    {
        Abuser[] all =
        [
            new Flooder(server.Address), new SlowReader(server.Address), new Dribbler(server.Address, isSpread: false), new Pinger(server.Address),
            new Dribbler(server.Address, isSpread: true),
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
        var (began, clock, arrived, rss) = (Stopwatch.GetTimestamp(), CpuClock.Read(server), pairs.Arrived, new List<double>());
        while (Stopwatch.GetElapsedTime(began) < length)
        {
            cancel.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(500));
            cancel.ThrowIfCancellationRequested();
            rss.Add(ProcessSample.Read(server).RssMegabytes);
        }

        var (cpu, messages) = (CpuClock.Read(server) - clock, pairs.Arrived - arrived);
        return new Phase(cpu, messages, Stopwatch.GetElapsedTime(began), pairs.Latency(), rss.Min(), rss.Max());
    }

    /// <param name="Rss">The lowest, in MiB: what the collector has in hand above that comes and goes.</param>
    private sealed record Phase(CpuClock Used, long Messages, TimeSpan Length, string Latency, double Rss, double MostRss)
    {
        /// <summary>Of the server, for each healthy message, in µs.</summary>
        public double Cpu => Used.Server.TotalMicroseconds / Math.Max(1, Messages);

        public string Text => $"{Messages / Length.TotalSeconds,4:F0} healthy messages/s, {Latency}; server {Used.Server / Length:P1} of a core, generator {Used.Generator / Length:P1}, "
            + $"others {Used.Others / Length:P0}; server RSS {Rss:F0} to {MostRss:F0} MiB";
    }
}
