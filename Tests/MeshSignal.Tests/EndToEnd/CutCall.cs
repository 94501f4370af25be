using System.Net;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>What is to be done to a server.</summary>
/// <param name="Room">What the names of rooms and peers begin with.</param>
/// <param name="Pairs">Of peers, each pair in a room of its own.</param>
/// <param name="Cuts">How often connections break, all pairs together.</param>
/// <param name="LongestAway">A client comes back after a random time up to this.</param>
/// <param name="Limit">The run has failed if it takes longer.</param>
internal sealed record CutPlan(IPEndPoint Server, string Room, int Pairs, int Cuts, int Seed, TimeSpan LongestAway, TimeSpan Limit);

/// <summary>
/// Pairs of peers that send each other numbers while their connections break at random places, and what came of it. It knows nothing of the server but the wire, so that it can
/// be aimed at one in this process or in another.
/// </summary>
internal sealed class CutCall : IDisposable
{
    private const int MostFaults = 20;

    private readonly List<(CutPeer Alice, CutPeer Bob)> _pairs = [];
    private readonly List<string> _faults = [];
    private readonly Lock _lock = new(); // Guards _faults, and the counts of what is wrong.
    private readonly CancellationTokenSource _failed = new();
    private int _cutsLeft;
    private int _broken;
    private int _resumed;
    private int _honest;
    private bool _isLate;

    public CutCall(CutPlan plan, TimeProvider time)
    {
        (Plan, Time, _cutsLeft) = (plan, time, plan.Cuts);
        for (var i = 0; i < plan.Pairs; i++)
        {
            var both = new Lock();
            var (alice, bob) = (NewPeer($"a{i}", 2 * i), NewPeer($"b{i}", (2 * i) + 1));
            (alice.Partner, bob.Partner) = (bob, alice);
            _pairs.Add((alice, bob));

            CutPeer NewPeer(string name, int number) => new(this, $"{plan.Room}-{name}", (plan.Seed * 2003) + number, both);
        }
    }

    public CutPlan Plan { get; }

    public TimeProvider Time { get; }

    /// <summary>How many connections have broken.</summary>
    public int Cuts => Volatile.Read(ref _broken);

    /// <summary>How often a client was told that its session goes on.</summary>
    public int Resumed => Volatile.Read(ref _resumed);

    /// <summary>How many clients that came too late were told so.</summary>
    public int Honest => Volatile.Read(ref _honest);

    public int Gaps { get; private set; }

    public int Duplicates { get; private set; }

    public int Messages => _pairs.Sum(static pair => pair.Alice.Got + pair.Bob.Got);

    /// <summary>The first of all that was not as it should be; empty if all was.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>All cuts have happened: what is on its way may arrive, and then it is over.</summary>
    public bool IsSpent => Cuts >= Plan.Cuts;

    /// <summary>Lets them talk until all connections have broken that were to break, and all that was sent has arrived.</summary>
    public Task ExchangeAsync(CancellationToken cancel) => RunAsync(static async (pair, room, cancel) =>
    {
        var sockets = (await pair.Alice.JoinAsync(room, null, cancel), await pair.Bob.JoinAsync(room, null, cancel));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAll(pair.Alice.ExchangeAsync(sockets.Item1, done), pair.Bob.ExchangeAsync(sockets.Item2, done));
        cancel.ThrowIfCancellationRequested();
    }, cancel);

    /// <summary>One of each pair stays away until its session has ended, and then comes back. Takes as long as the server waits.</summary>
    public Task ExpireAsync(CancellationToken cancel)
    {
        _isLate = true;
        return RunAsync(async (pair, room, cancel) =>
        {
            var alice = await pair.Alice.JoinAsync(room, null, cancel);
            (await pair.Bob.JoinAsync(room, null, cancel)).Dispose();
            if (await pair.Alice.SignalUntilPartnerLeftAsync(alice, cancel) is var reason && reason != "expired")
                Fault($"{room}: bob has left, reason {reason}");
            await pair.Bob.ReturnTooLateAsync(room, cancel);
        }, cancel);
    }

    public bool TryTakeCut() => Interlocked.Decrement(ref _cutsLeft) >= 0;

    public void Broken()
    {
        if (Interlocked.Increment(ref _broken) != Plan.Cuts)
            return;
        foreach (var (alice, bob) in _pairs)
        {
            alice.Wake();
            bob.Wake();
        }
    }

    public void Greeted(string name, bool isFirst, bool isResumed, string? reason)
    {
        if (isFirst ? isResumed || reason is not null : _isLate ? isResumed || reason != "unknown" : !isResumed || reason is not null)
        {
            Fault($"{name}: resumed {isResumed}, reason {reason}");
            _failed.Cancel(); // Nothing that comes now is of interest.
        }

        if (isResumed)
            Interlocked.Increment(ref _resumed);
        else if (!isFirst)
            Interlocked.Increment(ref _honest);
    }

    public void Gap(string what)
    {
        lock (_lock)
            Gaps++;
        Fault(what);
    }

    public void Duplicate(string what)
    {
        lock (_lock)
            Duplicates++;
        Fault(what);
    }

    public void Fault(string what)
    {
        lock (_lock)
            if (_faults.Count < MostFaults)
                _faults.Add(what);
    }

    public void Dispose()
    {
        foreach (var (alice, bob) in _pairs)
        {
            alice.Dispose();
            bob.Dispose();
        }

        _failed.Dispose();
    }

    private async Task RunAsync(Func<(CutPeer Alice, CutPeer Bob), string, CancellationToken, Task> run, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(Plan.Limit, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _failed.Token, cancel);
        try
        {
            await Task.WhenAll(_pairs.Select((pair, i) => Task.Run(() => run(pair, $"{Plan.Room}-{i}", either.Token))));
        }
        catch (Exception e) when (e is OperationCanceledException || CutSocket.IsCut(e))
        {
            cancel.ThrowIfCancellationRequested();
            if (_failed.IsCancellationRequested)
                return;
            Fault($"not finished: {e.Message}");
            foreach (var (alice, bob) in _pairs)
                Fault($"{alice.State}; {bob.State}");
        }
    }
}
