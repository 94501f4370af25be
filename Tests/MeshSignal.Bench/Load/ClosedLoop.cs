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
/// Each message that arrives is answered by the next one of its pair: as many are in flight as there are pairs, whichever server it is. Or, at a pace, the
/// next one waits until it is due; what is late counts from then, so that a server that stalls does not hide it by slowing its load.
/// </summary>
/// <param name="pace">Messages a second; null for as many as the server takes.</param>
internal sealed class ClosedLoop(LoadPeer[] peers, ServerProcess server, double? pace, CancellationToken cancel)
{
    private const long MostMessages = 50_000_000;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    private readonly LatencyHistogram _latency = new();
    private readonly Queue<LoadPeer> _ready = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _due;
    private bool _measuring;
    private bool _answering = true;
    private long _messages;

    /// <param name="atStart">Called when the window begins.</param>
    /// <exception cref="BenchException">A message was lost, came twice, or was not the expected one.</exception>
    public Window Run(TimeSpan warmup, TimeSpan length, Action? atStart = null)
    {
        using var poller = new Poller(peers);
        foreach (var peer in peers) peer.Wire.Blocking = false;
        for (var i = 0; i < peers.Length; i += 2) Continue(peers[i], Stopwatch.GetTimestamp());

        Turn(poller, warmup, until: () => false);
        atStart?.Invoke();

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
        // At a pace nobody sleeps: the kernel's clock for that has steps of a millisecond.
        var patience = pace is null ? 50 : 0;
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < length && _messages < MostMessages && !until())
        {
            cancel.ThrowIfCancellationRequested();
            if (pace is { } perSecond && _answering) SendDue(Stopwatch.Frequency / perSecond);
            var ready = poller.Wait(patience);
            for (var i = 0; i < ready; i++) Serve(peers[poller.Index(i)]);
        }
    }

    private void SendDue(double interval)
    {
        var now = Stopwatch.GetTimestamp();
        while (_started + (long)(_due * interval) is var due && due <= now && _ready.TryDequeue(out var peer))
        {
            peer.Send(due);
            _due++;
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
            if (_answering) Continue(peer.Next, now);
        }
    }

    private void Continue(LoadPeer peer, long now)
    {
        if (pace is null)
            peer.Send(now);
        else
            _ready.Enqueue(peer);
    }
}
