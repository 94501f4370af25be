using System.Diagnostics;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Load;

/// <summary>What one window of load showed.</summary>
internal sealed record Window(long Messages, TimeSpan Elapsed, CpuClock Cpu, double P50, double P99)
{
    public double CpuMicrosPerMessage => Cpu.Server.TotalMicroseconds / Messages;

    public double MessagesPerSecond => Messages / Elapsed.TotalSeconds;
}

/// <summary>
/// Each message that arrives is answered by the next one of its pair: as many are in flight as there are pairs, whichever server it is.
/// </summary>
internal sealed class ClosedLoop(LoadPeer[] peers, ServerProcess server, CancellationToken cancel)
{
    private const long MostMessages = 50_000_000;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    private readonly LatencyHistogram _latency = new();
    private bool _measuring;
    private bool _answering = true;
    private long _messages;

    /// <exception cref="BenchException">A message was lost, came twice, or was not the expected one.</exception>
    public Window Run(TimeSpan warmup, TimeSpan length)
    {
        using var poller = new Poller(peers);
        foreach (var peer in peers) peer.Wire.Blocking = false;
        for (var i = 0; i < peers.Length; i += 2) peers[i].Send(Stopwatch.GetTimestamp());

        Turn(poller, warmup, until: () => false);

        var (started, cpu) = (Stopwatch.GetTimestamp(), CpuClock.Read(server));
        (_measuring, _messages) = (true, 0);
        Turn(poller, length, until: () => false);
        var window = new Window(
            _messages,
            Stopwatch.GetElapsedTime(started),
            CpuClock.Read(server) - cpu,
            _latency.Percentile(50),
            _latency.Percentile(99));

        (_measuring, _answering, _messages) = (false, false, 0);
        Turn(poller, DrainTime, until: () => !peers.Any(peer => peer.Waiting));
        if (peers.Count(peer => peer.Waiting) is > 0 and var lost) throw new BenchException($"{lost} messages were lost");
        if (window.Messages == 0) throw new BenchException("no message arrived");
        return window;
    }

    private void Turn(Poller poller, TimeSpan length, Func<bool> until)
    {
        const int patience = 50;
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < length && _messages < MostMessages && !until())
        {
            cancel.ThrowIfCancellationRequested();
            var ready = poller.Wait(patience);
            for (var i = 0; i < ready; i++) Serve(peers[poller.Index(i)]);
        }
    }

    private void Serve(LoadPeer peer)
    {
        peer.Wire.Fill();
        while (peer.Wire.TryTake(out var message))
        {
            var sent = peer.Verify(message);
            var now = Stopwatch.GetTimestamp();
            _messages++;
            if (_measuring) _latency.Record(now - sent);
            if (_answering) peer.Next.Send(now);
        }
    }
}
