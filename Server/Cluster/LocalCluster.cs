using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Cluster;

/// <summary>One node: names in a dictionary, delivery straight to the session.</summary>
internal sealed class LocalCluster : ICluster
{
    private readonly Lock _lock = new(); // Guards both dictionaries: a name changes hands in one step.
    private readonly Dictionary<HeldName, Session> _holders = [];
    private readonly Dictionary<Session, HeldName> _names = [];

    public ValueTask<Session?> ClaimNameAsync(RoomName scope, Username username, Session session)
    {
        var wanted = new HeldName(scope, username.Key);
        lock (_lock)
        {
            if (_holders.TryGetValue(wanted, out var holder) && holder != session)
                return ValueTask.FromResult<Session?>(holder);

            if (_names.TryGetValue(session, out var former))
                _holders.Remove(former);
            _holders[wanted] = session;
            _names[session] = wanted;
            return ValueTask.FromResult<Session?>(null);
        }
    }

    public ValueTask<bool> PassNameAsync(Session holder, Session successor)
    {
        lock (_lock)
        {
            if (!_names.Remove(holder, out var name))
                return ValueTask.FromResult(false);

            _holders[name] = successor;
            _names[successor] = name;
            return ValueTask.FromResult(true);
        }
    }

    public void ReleaseName(Session session)
    {
        lock (_lock)
        {
            if (_names.Remove(session, out var name))
                _holders.Remove(name);
        }
    }

    public bool Deliver(Session target, EncodedMessage message) => target.Deliver(message);

    private readonly record struct HeldName(RoomName Scope, string Key);
}
