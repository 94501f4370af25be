using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace MeshSignal.Bench.Load;

/// <summary>People who come, call and go, so many a second: a third lose their socket without a Close, half of those come back for their session.</summary>
internal sealed class Churn(IPEndPoint server)
{
    private const int VisitsASecond = 20;
    private const int MostAtATime = 2000;
    private const int MostFaults = 20;
    private const int Rooms = 100;

    private readonly ConcurrentDictionary<int, Task> _running = new();
    private readonly ConcurrentQueue<string> _faults = new();
    private int _visits;
    private int _full;
    private int _cut;
    private int _resumed;
    private int _nuisances;

    public IReadOnlyCollection<string> Faults => _faults;

    public string Text => $"{_visits} visits, {_cut} cut, {_resumed} resumed, {_full} found the room full, {_nuisances} nuisances";

    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) / VisitsASecond);
        try
        {
            for (var number = 1; await timer.WaitForNextTickAsync(cancel); number++)
            {
                Track(number, VisitAsync(number, cancel));
                if (number % VisitsASecond == 0) Track(-number, AnnoyAsync(number / VisitsASecond, cancel));
            }
        }
        catch (OperationCanceledException)
        {
            // The end that was asked for.
        }

        await Task.WhenAll(_running.Values);
    }

    private void Track(int number, Task task)
    {
        if (_running.Count >= MostAtATime) Fault($"{MostAtATime} visits at a time: the server does not keep up");
        _running[number] = task;
        _ = task.ContinueWith(_ => _running.TryRemove(number, out Task? _), TaskScheduler.Default);
    }

    private async Task VisitAsync(int number, CancellationToken cancel)
    {
        using var peer = new LightPeer(server, $"guest-{number}", "guests", isLegacy: number % 5 == 0);
        try
        {
            await peer.ConnectAsync(cancel);
            await CallAsync(peer, number, cancel);
            if (number % 3 != 0)
            {
                await LeaveAsync(peer);
            }
            else
            {
                Interlocked.Increment(ref _cut);
                await peer.CutAsync();
                if (number % 2 == 0 && !peer.IsLegacy) await ResumeAsync(peer, cancel);
            }

            Interlocked.Increment(ref _visits);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The soak is over.
        }
        catch (BenchException error) when (error.Message == "room-full")
        {
            Interlocked.Increment(ref _full);
        }
        catch (Exception error) when (error is BenchException or SocketException or TimeoutException)
        {
            Fault($"guest-{number}: {error.Message}");
        }
    }

    private static async Task CallAsync(LightPeer peer, int number, CancellationToken cancel)
    {
        var others = await peer.JoinAsync($"room-{number % Rooms}");
        for (var i = 0; i < 5; i++)
        {
            if (!peer.IsLegacy && others.Length > 0) await peer.SignalAsync(others[i % others.Length], $$"""{"number":{{i}}}""");
            await Task.Delay(TimeSpan.FromSeconds(Random.Shared.NextDouble()), TimeProvider.System, cancel);
        }
    }

    private async Task ResumeAsync(LightPeer peer, CancellationToken cancel)
    {
        await peer.ReturnAsync(BackOff.Pause(0), cancel);
        if (!peer.IsResumed) throw new BenchException($"not resumed: {peer.Reason}");
        Interlocked.Increment(ref _resumed);
        await LeaveAsync(peer);
    }

    private static async Task LeaveAsync(LightPeer peer)
    {
        if (peer.IsLegacy)
            await peer.SendAsync("webrtc-leave");
        else
            await peer.AskAsync("webrtc-leave");
        if (await peer.CloseAsync() is var code and not 1000) throw new BenchException($"a Close was answered with {code}");
    }

    private async Task AnnoyAsync(int number, CancellationToken cancel)
    {
        try
        {
            if (await Nuisance.RunAsync(server, number, cancel) is { } fault) Fault(fault);
            Interlocked.Increment(ref _nuisances);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The soak is over.
        }
        catch (Exception error) when (error is BenchException or SocketException or TimeoutException)
        {
            Fault($"nuisance {number}: {error.Message}");
        }
    }

    private void Fault(string what)
    {
        if (_faults.Count < MostFaults) _faults.Enqueue(what);
    }
}
