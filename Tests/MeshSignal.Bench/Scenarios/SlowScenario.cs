using System.Diagnostics;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>Peers that never read are offered far more than a queue holds. They are closed, memory stays bounded, and nobody else notices.</summary>
internal static class SlowScenario
{
    private const int UsualClients = 20;
    private const long BytesForEach = 50_000_000;
    private const int Rounds = 2;
    private const double MostGrowth = 1.1;
    private const double MegabytesForEach = 2;
    private static readonly TimeSpan ClosedWithin = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // What is kept for those who do not come back goes after 30 s.
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(40);

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        var count = options.Clients ?? UsualClients;
        using var server = MeshSignalServer.Start(options, cancel, MeshSignalServer.AmpleBudgets);
        using var pairs = HealthyPairs.StartAsync(server.Address, options.Pairs, cancel).Result;

        // With readers first: what the heap grows to under the load alone is not the doing of those who do not read.
        // Nor is what it takes once and keeps: hence a second round.
        var reading = Offer(server, count, "reading", isRead: true, cancel);
        var readingLatency = pairs.Latency();
        var rss = new List<double> { AtRest(server, cancel) };
        var quietLatency = pairs.Latency();
        var promises = new Promises();
        Console.WriteLine($"slow: {count} peers that never read, {BytesForEach / 1_000_000} MB for each; {options.Pairs} healthy pairs");
        for (var round = 1; round <= Rounds; round++)
        {
            var slow = Offer(server, count, $"slow-{round}", isRead: false, cancel);
            Promises.Tell($"round {round}: {slow.Bytes / 1_000_000} MB offered in {slow.Took.TotalSeconds:F1} s; healthy pairs meanwhile {pairs.Latency()}");
            var closed = server.Log.SlowConsumers.Where(at => at > slow.Since).ToList();
            TimeSpan? last = closed.Count == 0 ? null : Stopwatch.GetElapsedTime(slow.Since, closed[^1]);
            promises.Check(
                closed.Count == count && last < ClosedWithin,
                $"closed with 4040: {closed.Count} of {count}, the last {last?.TotalSeconds:F1} s after the first byte (at most {ClosedWithin.TotalSeconds})");
            promises.Check(
                slow.Peak - rss[^1] <= MegabytesForEach * count,
                $"server RSS: {rss[^1]:F0} MiB before, at most {slow.Peak:F0}: {(slow.Peak - rss[^1]) / count:F2} MiB for each (at most {MegabytesForEach})");
            rss.Add(AtRest(server, cancel));
        }

        pairs.StopAsync().Wait(cancel);
        promises.Check(
            rss[^1] <= rss[^2] * MostGrowth,
            $"server RSS, at rest: {string.Join(", then ", rss.Select(static one => $"{one:F0} MiB"))}; the last {rss[^1] / rss[^2]:P0} of the one before");
        promises.Check(pairs.Arrived == pairs.Sent, $"signals of healthy pairs that arrived: {pairs.Arrived} of {pairs.Sent}");
        promises.CheckNone("of them out of order or with an error", pairs.Faults);
        promises.CheckNone("errors in the log", server.Log.Faults);
        Promises.Tell($"the same offered to peers that read: {reading.Took.TotalSeconds:F1} s, RSS at most {reading.Peak:F0} MiB");
        Promises.Tell($"healthy pairs beside peers that read {readingLatency}; alone {quietLatency}");
        promises.Conclude();
    }

    private static Offered Offer(ServerProcess server, int count, string room, bool isRead, CancellationToken cancel)
    {
        Flood[] floods = [.. Enumerable.Range(0, count).Select(number => new Flood(server.Address, $"{room}-{number}"))];
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            deadline.CancelAfter(Patience);
            Task.WhenAll(floods.Select(flood => flood.ConnectAsync(deadline.Token))).Wait(cancel);
            var since = Stopwatch.GetTimestamp();
            var all = Task.WhenAll(floods.Select(flood =>
                isRead ? flood.OfferToReaderAsync(BytesForEach, deadline.Token) : flood.OfferAsync(BytesForEach, deadline.Token)));
            var peak = 0.0;
            while (!all.Wait(100, cancel)) peak = Math.Max(peak, ProcessSample.Read(server).RssMegabytes);
            var took = Stopwatch.GetElapsedTime(since);

            // Until the last one must have been closed.
            while (!isRead && Stopwatch.GetElapsedTime(since) < ClosedWithin && !cancel.WaitHandle.WaitOne(100))
                peak = Math.Max(peak, ProcessSample.Read(server).RssMegabytes);
            cancel.ThrowIfCancellationRequested();
            return new Offered(since, took, floods.Sum(static flood => flood.Bytes), peak);
        }
        catch (AggregateException error) when (error.InnerException is BenchException or System.Net.Sockets.SocketException)
        {
            throw server.Blame(error.InnerException.Message);
        }
        finally
        {
            foreach (var flood in floods) flood.Dispose();
        }
    }

    /// <summary>The lowest RSS after all is over: what the collector has in hand above that comes and goes.</summary>
    private static double AtRest(ServerProcess server, CancellationToken cancel)
    {
        var (since, lowest) = (Stopwatch.GetTimestamp(), double.MaxValue);
        while (Stopwatch.GetElapsedTime(since) < Afterwards)
        {
            cancel.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
            cancel.ThrowIfCancellationRequested();
            lowest = Stopwatch.GetElapsedTime(since) > Afterwards / 2 ? Math.Min(lowest, ProcessSample.Read(server).RssMegabytes) : lowest;
        }

        return lowest;
    }

    private sealed record Offered(long Since, TimeSpan Took, long Bytes, double Peak);
}
