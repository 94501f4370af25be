using System.Collections.Concurrent;
using MeshSignal.Protocol;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Rooms;

namespace MeshSignal.Server.Sessions;

/// <summary>All sessions of this node, by id and by the hash of every token that they have issued.</summary>
internal sealed class SessionStore(ICluster cluster, RoomStore rooms, ScopeStore scopes, SessionsOptions options)
{
    private readonly ConcurrentDictionary<SessionId, Session> _sessions = new();
    private readonly ConcurrentDictionary<TokenHash, Session> _byToken = new();

    public int Count => _sessions.Count;

    public IEnumerable<Session> All => _sessions.Select(entry => entry.Value);

    public void Add(Session session)
    {
        _sessions[session.Id] = session;
        Index(session);
    }

    /// <summary>Makes the session's current token one to find it by. Those before it stay, for it to know them as its own.</summary>
    public void Index(Session session) => _byToken[session.Tokens.Current.Hash] = session;

    public void Forget(TokenHash token) => _byToken.TryRemove(token, out _);

    public Session? Find(TokenHash token) => _byToken.GetValueOrDefault(token);

    /// <summary>The session has lost its socket: it is waited for, if its client can come back, else it ends. Only with the session's turn.</summary>
    public void Disconnect(Session session, bool mayResume, LeaveReason reason)
    {
        if (!mayResume || !session.CanResume)
        {
            End(session, reason);
            return;
        }

        session.Detach();
        session.Peer?.Room.Lost(session.Peer);
    }

    /// <summary>Ends those whose clients did not come back in time. Called every second.</summary>
    public void ExpireAway()
    {
        foreach (var (_, session) in _sessions)
        {
            // Whoever has the turn may be bringing it back right now.
            if (session.AwayTime <= options.ResumeGrace || !session.TryTakeTurn(out var turn))
                continue;
            using (turn)
                if (session.AwayTime > options.ResumeGrace)
                    End(session, LeaveReason.Expired);
        }
    }

    /// <summary>Takes the session out of everything it is in: its room and its scope hear of it, and its name is free. Only with the session's turn.</summary>
    public void End(Session session, LeaveReason reason)
    {
        if (!_sessions.TryRemove(KeyValuePair.Create(session.Id, session)))
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
                foreach (var token in session.Tokens.All)
                    _byToken.TryRemove(token, out _);
                cluster.ReleaseName(session);
                session.MarkEnded();
            }
        }
    }
}
