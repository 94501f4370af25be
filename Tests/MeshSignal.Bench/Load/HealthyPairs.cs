using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace MeshSignal.Bench.Load;

/// <summary>Pairs of v1 peers that send each other numbered signals while something else goes on. Whatever that is, they must not notice.</summary>
internal sealed class HealthyPairs : IDisposable
{
    private const int MostFaults = 20;
    private const int UsualRate = 5;
    private const int SignalsBetweenPings = 50;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    private readonly int _steps;
    private readonly End[] _ends;
    private readonly ConcurrentQueue<string> _faults = new();
    private readonly LatencyHistogram _latency = new(); // Guarded by itself.
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private HealthyPairs(IPEndPoint server, int pairs, int rate, bool isSpread)
    {
        _steps = (int)(TimeSpan.FromSeconds(1) / rate / Step);
        _ends = [.. Enumerable.Range(0, 2 * pairs).Select(place => new End(this, server, place, isSpread ? Loopback.ForPeer(place) : null))];
    }

    public long Sent => _ends.Sum(static end => end.Sent);

    public long Arrived => _ends.Sum(static end => end.Arrived);

    public IReadOnlyCollection<string> Faults => _faults;

    /// <param name="rate">Signals of each peer in a second; at most 50, more is not allowed to one session.</param>
    /// <param name="isSpread">Each peer has an address of its own, for a server with limits on them.</param>
    public static async Task<HealthyPairs> StartAsync(IPEndPoint server, int pairs, CancellationToken cancel, int rate = UsualRate, bool isSpread = false)
    {
        var healthy = new HealthyPairs(server, pairs, rate, isSpread);
        try
        {
            await Crowd.ConnectAsync(healthy._ends.Select(static end => end.Peer), cancel);
            foreach (var end in healthy._ends) await end.Peer.JoinAsync(end.Room);
            healthy._running = healthy.RunAsync();
            return healthy;
        }
        catch
        {
            healthy.Dispose();
            throw;
        }
    }

    /// <summary>Sends no more, and gives what is under way its time.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        var since = Stopwatch.GetTimestamp();
        while (Arrived < Sent && Stopwatch.GetElapsedTime(since) < Patience) await Task.Delay(Step, TimeProvider.System);
        foreach (var end in _ends)
            if (end.Peer.Ended.IsCompleted)
                Fault($"{end.Peer.Name} in {end.Room} lost its socket: {await end.Peer.Ended}");
    }

    /// <summary>Since the last time it was asked, in ms.</summary>
    public string Latency()
    {
        lock (_latency)
        {
            var text = $"p50 {_latency.Percentile(50) / 1000:F1} ms, p99 {_latency.Percentile(99) / 1000:F1} ms";
            _latency.Clear();
            return text;
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        foreach (var end in _ends) end.Peer.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Step);
        try
        {
            // Some at each step, so that the load is even.
            for (var step = 0; await timer.WaitForNextTickAsync(_stop.Token); step = (step + 1) % _steps)
                for (var place = step; place < _ends.Length; place += _steps)
                    await _ends[place].SendAsync();
        }
        catch (OperationCanceledException)
        {
            // The end that was asked for.
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            Fault($"sending ended: {error.Message}");
        }
    }

    private void Fault(string what)
    {
        if (_faults.Count < MostFaults) _faults.Enqueue(what);
    }

    /// <summary>One peer of a pair.</summary>
    private sealed class End
    {
        private readonly HealthyPairs _pairs;
        private readonly string _other;
        private long _sent;
        private long _arrived;

        public End(HealthyPairs pairs, IPEndPoint server, int place, IPAddress? from)
        {
            (_pairs, Room) = (pairs, $"healthy-{place / 2}");
            (var mine, _other) = place % 2 == 0 ? ("caller", "callee") : ("callee", "caller");
            Peer = new LightPeer(server, mine, Room) { Received = Verify, From = from };
        }

        public LightPeer Peer { get; }

        public string Room { get; }

        public long Sent => Interlocked.Read(ref _sent);

        public long Arrived => Interlocked.Read(ref _arrived);

        public async Task SendAsync()
        {
            var number = Interlocked.Increment(ref _sent);
            await Peer.SignalAsync(_other, $$"""{"number":{{number}},"at":{{Stopwatch.GetTimestamp()}}}""");
            if (number % SignalsBetweenPings == 0) await Peer.SendAsync("ping", $$""","received":{{Peer.Count}}""");
        }

        private void Verify(JsonElement message)
        {
            if (message.GetProperty("type").ValueEquals("webrtc-error")) _pairs.Fault($"{Peer.Name} in {Room}: {message}");
            if (!message.GetProperty("type").ValueEquals("webrtc-signal")) return;

            var signal = message.GetProperty("signal");
            var (number, expected) = (signal.GetProperty("number").GetInt64(), Interlocked.Increment(ref _arrived));
            if (number != expected) _pairs.Fault($"{Peer.Name} in {Room} received number {number} where {expected} was next");
            lock (_pairs._latency) _pairs._latency.Record(Stopwatch.GetTimestamp() - signal.GetProperty("at").GetInt64());
        }
    }
}
