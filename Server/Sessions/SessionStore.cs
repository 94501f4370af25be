using System.Collections.Concurrent;
using MeshSignal.Protocol;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Rooms;

namespace MeshSignal.Server.Sessions;

/// <summary>All sessions of this node, by the hash of their token.</summary>
internal sealed class SessionStore(ICluster cluster, RoomStore rooms, ScopeStore scopes)
{
    private readonly ConcurrentDictionary<TokenHash, Session> _sessions = new();

    public int Count => _sessions.Count;

    public IEnumerable<Session> All => _sessions.Select(entry => entry.Value);

    public void Add(Session session) => _sessions[session.Token.Hash] = session;

    /// <summary>Takes the session out of everything it is in: its room and its scope hear of it, and its name is free.</summary>
    public void End(Session session, LeaveReason reason)
    {
        if (!_sessions.TryRemove(session.Token.Hash, out _))
            return;

        // Each step whatever becomes of the one before: a name that nobody holds any more must not stay taken.
        try
        {
            if (session.Peer is { } peer)
                rooms.Leave(peer, reason);
        }
        finally
        {
            try
            {
                scopes.Leave(session);
            }
            finally
            {
                cluster.ReleaseName(session);
                session.MarkEnded();
            }
        }
    }
}
