using System.Diagnostics;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>All sockets are cut in one moment, as when a proxy or a network goes down, and all clients come back for their sessions.</summary>
internal static class ComebackScenario
{
    private const int UsualClients = 10_000;
    private static readonly TimeSpan BackWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SetUpPatience = TimeSpan.FromMinutes(5);

    // The server's default, less what a cut may take to be seen.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        var count = options.Clients ?? UsualClients;
        Crowd.RequireFiles(count);
        using var server = MeshSignalServer.Start(options, cancel);
        var empty = ProcessSample.Read(server);
        LightPeer[] peers = [.. Enumerable.Range(0, count).Select(number => new LightPeer(server.Address, $"idle-{number}", "lobby"))];
        try
        {
            using var setUp = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            setUp.CancelAfter(SetUpPatience);
            Crowd.ConnectAsync(peers, setUp.Token).Wait(cancel);
            cancel.WaitHandle.WaitOne(TimeSpan.FromSeconds(2));
            Console.Error.WriteLine($"{count} idle sessions");

            var (before, clock) = (ProcessSample.Read(server), CpuClock.Read(server));
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var cut = Stopwatch.GetTimestamp();
            deadline.CancelAfter(BackWithin);
            Task<Comeback>[] comebacks = [.. peers.Select(peer => ReturnAsync(peer, cut, deadline.Token))];
            var all = Task.WhenAll(comebacks);
            Console.Error.WriteLine($"cut within {Stopwatch.GetElapsedTime(cut).TotalSeconds:F1} s");
            var peak = before.RssMegabytes;
            while (!all.Wait(250, cancel)) peak = Math.Max(peak, ProcessSample.Read(server).RssMegabytes);

            var cpu = CpuClock.Read(server) - clock;
            Report(server, [.. comebacks.Select(static one => one.Result)], cut, cpu, (empty, before, ProcessSample.Read(server)), peak);
        }
        finally
        {
            foreach (var peer in peers) peer.Dispose();
        }
    }

    private static async Task<Comeback> ReturnAsync(LightPeer peer, long cut, CancellationToken cancel)
    {
        var tries = 0;
        try
        {
            // On the caller's thread, so that none of them waits before all are cut.
            await peer.CutAsync();
            tries = await peer.ReturnAsync(BackOff.Pause(0), cancel);

            // Whatever comes later than this answer was not missed.
            await peer.AskAsync("ping", $$""","received":{{peer.Count}}""");
            return new Comeback(Stopwatch.GetTimestamp(), tries, peer.IsResumed, peer.Reason, Stopwatch.GetElapsedTime(cut) < Grace);
        }
        catch (Exception error) when (error is OperationCanceledException or BenchException or System.Net.Sockets.SocketException)
        {
            return new Comeback(0, tries, IsResumed: false, error.Message, InGrace: false);
        }
    }

    private static void Report(
        ServerProcess server, Comeback[] comebacks, long cut, CpuClock cpu, (ProcessSample Empty, ProcessSample Before, ProcessSample After) samples,
        double peak)
    {
        var back = comebacks.Where(static one => one.At != 0).ToList();
        var inGrace = back.Where(static one => one.InGrace).ToList();
        var arrivals = new Arrivals(back.Select(static one => one.At), cut);
        var reasons = comebacks.Where(static one => !one.IsResumed).GroupBy(static one => one.Reason, StringComparer.Ordinal)
            .Select(static group => $"{group.Count()} x {group.Key}");

        Console.WriteLine($"comeback: {comebacks.Length} idle v1 sessions, all cut at once");
        var promises = new Promises();
        promises.Check(back.Count == comebacks.Length, $"back within {BackWithin.TotalSeconds} s: {back.Count} of {comebacks.Length}");
        promises.Check(
            inGrace.TrueForAll(static one => one.IsResumed),
            $"resumed: {inGrace.Count(static one => one.IsResumed)} of {inGrace.Count} that came within the grace; not resumed: {string.Join(", ", reasons)}");
        promises.CheckNone("errors in the log", server.Log.Faults);
        Promises.Tell($"came back: {arrivals.Text}; {back.Count(static one => one.Tries > 1)} needed more than one try");
        Promises.Tell($"came back in each second {arrivals.Seconds}");
        Promises.Tell($"CPU until the last was back: server {cpu.Server.TotalSeconds:F1} s, {cpu.Server.TotalMicroseconds / comebacks.Length:F0} µs for each; "
            + $"generator {cpu.Generator.TotalSeconds:F1} s, others on the machine {cpu.Others.TotalSeconds:F1} s");
        Promises.Tell($"server RSS: empty {samples.Empty.RssMegabytes:F0} MiB, all connected {samples.Before.RssMegabytes:F0}, highest {peak:F0}, "
            + $"all back {samples.After.RssMegabytes:F0}; "
            + $"{(samples.Before.RssMegabytes - samples.Empty.RssMegabytes) * 1024 / comebacks.Length:F1} KiB for each idle session");
        promises.Conclude();
    }

    private sealed record Comeback(long At, int Tries, bool IsResumed, string? Reason, bool InGrace);
}
