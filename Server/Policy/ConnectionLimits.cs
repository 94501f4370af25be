using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Policy;

/// <summary>What the limits on sockets say to one more.</summary>
internal enum ConnectionVerdict
{
    Ok,

    /// <summary>Too many in too short a time: not even told over a socket.</summary>
    Flood,

    /// <summary>Its address has all the sockets that it may have. Only who comes back to a session is let in.</summary>
    TooManyFromAddress,

    /// <summary>The server has all that it may have. Likewise.</summary>
    Full,
}

/// <summary>
/// How many sockets there may be, in total and from one address, and how many new ones in ten seconds. A refused socket counts as long as it is open, else refusals would be free;
/// so a little more than each limit is accepted, for as many as can be told why, and for those who come back to a session whose former socket still seems open.
/// </summary>
/// <param name="mostAddresses">Of further ones nothing is remembered while there are so many: they are under the limit on the total only.</param>
internal sealed class ConnectionLimits(MeshSignalOptions options, TimeProvider time, int mostAddresses = 100_000)
{
    /// <summary>In which new sockets are counted.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    /// <summary>What a refused socket lives at most: two seconds for the refusal to get out, two for the answer, and some.</summary>
    private static readonly TimeSpan RefusedLife = TimeSpan.FromSeconds(5);

    private readonly LimitOptions _limits = options.Limits;
    private readonly Lock _lock = new(); // Guards all fields below, and what they hold.
    private readonly Dictionary<ClientAddress, AddressUse> _addresses = [];
    private readonly Queue<(AddressUse Use, long Since)> _idle = new();
    private int _open;

    /// <summary>Sockets that are open, refused ones included.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
                return _open;
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
                use.Open++;
            return new ConnectionPlace(_limits.DryRun ? ConnectionVerdict.Ok : verdict, () => Leave(use)) { Finding = verdict };
        }
    }

    private ConnectionVerdict Judge(AddressUse use, bool mayResume, out TimeSpan retryAfter)
    {
        retryAfter = RefusedLife;
        if (use.Open >= 2L * _limits.ConnectionsPerAddress)
            return ConnectionVerdict.Flood;
        if (use.New.TryAdd(out retryAfter))
            return use.Open < _limits.ConnectionsPerAddress ? ConnectionVerdict.Ok : ConnectionVerdict.TooManyFromAddress;

        // All sessions of an address may have lost their sockets at once, and try twice. Whoever only says so gets no session.
        return mayResume && use.Returning.TryAdd(out retryAfter) ? ConnectionVerdict.TooManyFromAddress : ConnectionVerdict.Flood;
    }

    private AddressUse? Remember(ClientAddress address)
    {
        if (_addresses.TryGetValue(address, out var known) || _addresses.Count >= mostAddresses)
            return known;

        return _addresses[address] = new AddressUse(
            address, new SlidingCount(_limits.NewConnectionsPerAddress, Window, time), new SlidingCount(2 * _limits.ConnectionsPerAddress, Window, time));
    }

    private void Leave(AddressUse? use)
    {
        lock (_lock)
        {
            _open--;
            if (use is null || --use.Open > 0)
                return;

            use.IdleSince = time.GetTimestamp();
            _idle.Enqueue((use, use.IdleSince));
        }
    }

    /// <summary>An address is forgotten when its last socket has been gone for a window, in which the last of the new ones has gone by too.</summary>
    private void Forget()
    {
        while (_idle.TryPeek(out var oldest) && time.GetElapsedTime(oldest.Since) >= Window)
        {
            _idle.Dequeue();
            if (oldest.Use.Open == 0 && oldest.Use.IdleSince == oldest.Since)
                _addresses.Remove(oldest.Use.Address);
        }
    }

    private sealed class AddressUse(ClientAddress address, SlidingCount @new, SlidingCount returning)
    {
        public ClientAddress Address => address;

        public SlidingCount New => @new;

        public SlidingCount Returning => returning;

        public int Open { get; set; }

        public long IdleSince { get; set; }
    }
}
