namespace MeshSignal.Server.Policy;

/// <summary>
/// Against guessing of secrets that people choose or that are in force for long: after ten failures in half an hour nothing more is taken from an address, right or wrong. A success
/// wipes nothing out, else whoever has one secret could guess others for ever.
/// </summary>
/// <param name="mostAddresses">Beyond them the address with the longest quiet is forgotten: who wants that for one of his own must fail so often from elsewhere.</param>
internal sealed class FailureLimits(TimeProvider time, int mostAddresses = 100_000)
{
    public const int MostFailures = 10;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(25);

    private readonly Lock _lock = new(); // Guards all fields below, and what they hold.
    private readonly Dictionary<ClientAddress, LinkedListNode<Failures>> _addresses = [];
    private readonly LinkedList<Failures> _byLastFailure = new();

    /// <summary>How many addresses are remembered.</summary>
    public int Addresses
    {
        get
        {
            lock (_lock)
            {
                Forget();
                return _addresses.Count;
            }
        }
    }

    /// <summary>Whether a credential from there is refused whatever it is. To be asked before it is looked at.</summary>
    /// <param name="address">Null if it is not limited.</param>
    public bool IsBlocked(ClientAddress? address)
    {
        lock (_lock)
        {
            Forget();
            return address is { } from && _addresses.TryGetValue(from, out var node) && RecentOf(node.Value).Count >= MostFailures;
        }
    }

    /// <summary>Counts a failure. Gives how long to wait with the answer, which is doubled by each: so it must be counted before that, or many could be tried at once.</summary>
    /// <param name="address">Null if it is not limited.</param>
    public TimeSpan Add(ClientAddress? address)
    {
        if (address is not { } from)
            return TimeSpan.Zero;

        lock (_lock)
        {
            Forget();
            var node = Remember(from);
            var recent = RecentOf(node.Value);
            var delay = FirstDelay * Math.Pow(2, recent.Count);
            recent.Enqueue(time.GetTimestamp());
            if (recent.Count > MostFailures)
                recent.Dequeue();
            return delay < LongestDelay ? delay : LongestDelay;
        }
    }

    /// <summary>As the one that failed last.</summary>
    private LinkedListNode<Failures> Remember(ClientAddress address)
    {
        if (_addresses.TryGetValue(address, out var known))
        {
            _byLastFailure.Remove(known);
            _byLastFailure.AddLast(known);
            return known;
        }

        if (_addresses.Count >= mostAddresses)
            Drop(_byLastFailure.First!);
        return _addresses[address] = _byLastFailure.AddLast(new Failures(address, new Queue<long>()));
    }

    private Queue<long> RecentOf(Failures failures)
    {
        while (failures.At.TryPeek(out var oldest) && time.GetElapsedTime(oldest) >= Window)
            failures.At.Dequeue();
        return failures.At;
    }

    private void Forget()
    {
        while (_byLastFailure.First is { } first && RecentOf(first.Value).Count == 0)
            Drop(first);
    }

    private void Drop(LinkedListNode<Failures> node)
    {
        _byLastFailure.Remove(node);
        _addresses.Remove(node.Value.Address);
    }

    private sealed record Failures(ClientAddress Address, Queue<long> At);
}
