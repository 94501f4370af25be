using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Policy;

/// <summary>What the limits on sockets say to one more.</summary>
internal enum ConnectionVerdict
{
    Ok,

    /// <summary>Too many in too short a time: not even told over a socket.</summary>
    Flood,

    /// <summary>Its address has all that it may have. Only who comes back to a session is let in.</summary>
    TooManyFromAddress,

    /// <summary>The server has all that it may have. Likewise.</summary>
    Full,
}

/// <summary>
/// How many sockets there may be, in total and from one address, and how many new ones in ten seconds; and how many connections that are none: they are pending. What is refused
/// counts as long as it is open, else refusals would be free; so a little more than each limit is accepted, for as many as can be told why, and for those who come back to a
/// session whose former socket still seems open.
/// </summary>
/// <param name="mostAddresses">Of further ones nothing is remembered while there are so many: they are under the limit on the total only.</param>
internal sealed class ConnectionLimits(MeshSignalOptions options, TimeProvider time, int mostAddresses = 100_000)
{
    /// <summary>In which new sockets are counted.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>What a refused socket lives at most: two seconds for the refusal to get out, two for the answer, and some. As long as a request may take.</summary>
    private static readonly TimeSpan RefusedLife = TimeSpan.FromSeconds(5);

    // What browsers open at most to load a page over HTTP/1.1.
    private const int ConnectionsOfPage = 6;

    private readonly LimitOptions _limits = options.Limits;
    private readonly Lock _lock = new(); // Guards all fields below, and what they hold.
    private readonly Dictionary<ClientAddress, AddressUse> _addresses = [];
    private readonly LinkedList<AddressUse> _idle = new(); // In the order in which they became so.
    private int _open;
    private int _pending;

    /// <summary>Sockets that are open, refused ones included.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
                return _open;
        }
    }

    /// <summary>Connections of limited addresses that are no sockets, those included that are being told so.</summary>
    public int Pending
    {
        get
        {
            lock (_lock)
                return _pending;
        }
    }

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

    /// <summary>
    /// How many connections of one address may be pending: whoever may open a socket has loaded the page before, and keeps those connections for some seconds; or all who have
    /// a socket come back at once. Not the sum of both: each connection that may be slow can wake a thread with every byte.
    /// </summary>
    private long PendingPerAddress => Math.Max(_limits.ConnectionsPerAddress, (long)ConnectionsOfPage * _limits.NewConnectionsPerAddress);

    /// <param name="address">Null if it is under the limit on the total only.</param>
    /// <param name="mayResume">It says that it comes back to a session. Whether that is true is not known yet.</param>
    /// <returns>Its place, to be disposed of when the socket has ended.</returns>
    public ConnectionPlace Enter(ClientAddress? address, bool mayResume)
    {
        lock (_lock)
        {
            Forget();
            if (_open >= _limits.MaxConnections + Math.Max(100, _limits.MaxConnections / 4) + (mayResume ? _limits.MaxConnections : 0))
                return new ConnectionPlace(RefusedLife);

            var use = address is { } from ? Remember(from) : null;
            var retryAfter = TimeSpan.Zero;
            var verdict = use is null ? ConnectionVerdict.Ok : Judge(use, mayResume, out retryAfter);
            if (verdict == ConnectionVerdict.Flood && !_limits.DryRun)
                return new ConnectionPlace(retryAfter);

            if (verdict == ConnectionVerdict.Ok && _open >= _limits.MaxConnections)
                verdict = ConnectionVerdict.Full;
            _open++;
            if (use is not null)
                Occupied(use).Open++;
            return new ConnectionPlace(_limits.DryRun ? ConnectionVerdict.Ok : verdict, () => Leave(use)) { Finding = verdict };
        }
    }

    /// <summary>A connection is there and has said nothing yet. Those whose address is not limited are not asked about: the operator's own programs and proxies.</summary>
    /// <returns>Its place, to be disposed of when it has become a socket or ended.</returns>
    public ConnectionPlace EnterPending(ClientAddress address)
    {
        lock (_lock)
        {
            Forget();
            var isFull = _pending >= _limits.MaxConnections;
            if (isFull && !_limits.DryRun)
                return new ConnectionPlace(RefusedLife);

            var use = Remember(address);
            var verdict = isFull ? ConnectionVerdict.Flood : use?.Pending >= PendingPerAddress ? JudgePending(use) : ConnectionVerdict.Ok;
            if (verdict == ConnectionVerdict.Flood && !_limits.DryRun)
                return new ConnectionPlace(RefusedLife);

            _pending++;
            if (use is not null)
                Occupied(use).Pending++;
            return new ConnectionPlace(_limits.DryRun ? ConnectionVerdict.Ok : verdict, () => LeavePending(use)) { Finding = verdict };
        }
    }

    private ConnectionVerdict Judge(AddressUse use, bool mayResume, out TimeSpan retryAfter)
    {
        retryAfter = RefusedLife;
        if (use.Open >= 2L * _limits.ConnectionsPerAddress)
            return ConnectionVerdict.Flood;

        use.HasCounted = true;
        if (use.New.TryAdd(out retryAfter))
            return use.Open < _limits.ConnectionsPerAddress ? ConnectionVerdict.Ok : ConnectionVerdict.TooManyFromAddress;

        // All sessions of an address may have lost their sockets at once, and try twice. Whoever only says so gets no session.
        return mayResume && use.Returning.TryAdd(out retryAfter) ? ConnectionVerdict.TooManyFromAddress : ConnectionVerdict.Flood;
    }

    /// <summary>To end with care costs as much as to serve: that is for those who have only a little too many.</summary>
    private static ConnectionVerdict JudgePending(AddressUse use)
    {
        use.HasCounted = true;
        return use.Told.TryAdd(out _) ? ConnectionVerdict.TooManyFromAddress : ConnectionVerdict.Flood;
    }

    private AddressUse? Remember(ClientAddress address)
    {
        if (_addresses.TryGetValue(address, out var known) || _addresses.Count >= mostAddresses)
            return known;

        return _addresses[address] = new AddressUse(
            address, Counting(_limits.NewConnectionsPerAddress), Counting(2 * _limits.ConnectionsPerAddress), Counting(_limits.NewConnectionsPerAddress));

        SlidingCount Counting(int most) => new(most, Window, time);
    }

    private AddressUse Occupied(AddressUse use)
    {
        if (use.Idle.List is not null)
            _idle.Remove(use.Idle);
        return use;
    }

    private void Leave(AddressUse? use)
    {
        lock (_lock)
        {
            _open--;
            if (use is null)
                return;
            use.Open--;
            DropIfIdle(use);
        }
    }

    private void LeavePending(AddressUse? use)
    {
        lock (_lock)
        {
            _pending--;
            if (use is null)
                return;
            use.Pending--;
            DropIfIdle(use);
        }
    }

    /// <summary>Of an address that has had no socket nothing needs to be remembered: so connections alone never fill the table.</summary>
    private void DropIfIdle(AddressUse? use)
    {
        if (use is null || use.Open + use.Pending > 0)
            return;

        if (!use.HasCounted)
        {
            _addresses.Remove(use.Address);
            return;
        }

        use.IdleSince = time.GetTimestamp();
        _idle.AddLast(use.Idle);
    }

    /// <summary>An address is forgotten when its last connection has been gone for a window, in which the last of the new sockets has gone by too.</summary>
    private void Forget()
    {
        while (_idle.First is { } oldest && time.GetElapsedTime(oldest.Value.IdleSince) >= Window)
        {
            _idle.Remove(oldest);
            _addresses.Remove(oldest.Value.Address);
        }
    }

    private sealed class AddressUse
    {
        public AddressUse(ClientAddress address, SlidingCount @new, SlidingCount returning, SlidingCount told) =>
            (Address, New, Returning, Told, Idle) = (address, @new, returning, told, new LinkedListNode<AddressUse>(this));

        public ClientAddress Address { get; }

        public SlidingCount New { get; }

        public SlidingCount Returning { get; }

        /// <summary>Connections that were too many, and given time to read that.</summary>
        public SlidingCount Told { get; }

        /// <summary>In the list of those that have no connection, or in none.</summary>
        public LinkedListNode<AddressUse> Idle { get; }

        public int Open { get; set; }

        public int Pending { get; set; }

        /// <summary>Something was counted that a window is for.</summary>
        public bool HasCounted { get; set; }

        public long IdleSince { get; set; }
    }
}
