using MeshSignal.Protocol;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Chat;

/// <summary>
/// The sessions that share names and chat. Each line reaches everybody in the same order, because it is stored and queued under one lock.
/// </summary>
internal sealed class Scope(RoomName name, ICluster cluster, MeshSignalOptions options, TimeProvider time)
{
    private readonly Lock _lock = new(); // Guards all fields below, and the members' blocks. Taken inside a room's lock, never around it.
    private readonly List<Session> _members = [];
    private readonly History _history = new(options.Chat);
    private int _listeners;
    private bool _isForgotten;

    public RoomName Name => name;

    /// <summary>False if the scope has just been forgotten: then there is a new one of that name.</summary>
    public bool TryEnter(Session session)
    {
        lock (_lock)
        {
            if (_isForgotten)
                return false;

            _members.Add(session);
            session.Scope = this;
            if (session.Chat.IsListening)
            {
                _listeners++;
                cluster.Deliver(session, _history.ToMessage());
                if (options.Motd.Length > 0)
                    cluster.Deliver(session, MessageCodec.Encode(new SystemMessage($"MOTD: {options.Motd}")));
            }

            AnnouncePresenceLocked($"{session.Username} has joined.");
            return true;
        }
    }

    /// <summary>True if nobody is left and the scope is forgotten. The lobby never is: its history is what a lone visitor sees.</summary>
    public bool Leave(Session session)
    {
        lock (_lock)
        {
            if (!_members.Remove(session))
                return false;

            _listeners -= session.Chat.IsListening ? 1 : 0;
            AnnouncePresenceLocked($"{session.Username} has left.");
            _isForgotten = _members.Count == 0 && name != RoomName.Lobby;
            return _isForgotten;
        }
    }

    public void Rename(Session session, Username username)
    {
        lock (_lock)
        {
            var text = $"{session.Username} is now {username}";
            session.Username = username;
            AnnounceLocked(text);
        }
    }

    /// <summary>A line of the system's, to everybody.</summary>
    public void Announce(string text)
    {
        lock (_lock)
            AnnounceLocked(text);
    }

    /// <summary>Who came and went. In a crowd these lines are noise, and their number grows with the square of it.</summary>
    public void AnnouncePresence(string text)
    {
        lock (_lock)
            AnnouncePresenceLocked(text);
    }

    public void Say(Session session, string text)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            Remember(MessageTypes.Chat, session.Username, text, now);
            Broadcast(MessageCodec.Encode(new ChatTextMessage(session.Username, text, now)), listener => !listener.Chat.HasBlocked(session.Id));
        }
    }

    public void Type(Session session)
    {
        lock (_lock)
        {
            Broadcast(
                MessageCodec.Encode(new UserTypingMessage(session.Username, time.GetUtcNow())),
                listener => listener != session && !listener.Chat.HasBlocked(session.Id));
        }
    }

    /// <summary>The names of all, those that the asker has blocked marked.</summary>
    public IReadOnlyList<string> NamesFor(Session asker)
    {
        lock (_lock)
            return [.. _members.Select(member => asker.Chat.HasBlocked(member.Id) ? $"[B]{member.Username}" : member.Username.Value)];
    }

    /// <summary>Null if nobody here has that name, in whatever case.</summary>
    public Session? Find(string username)
    {
        lock (_lock)
            return _members.Find(member => member.Username.Value.Equals(username, StringComparison.OrdinalIgnoreCase));
    }

    public void Block(Session session, Session other)
    {
        lock (_lock)
            session.Chat.Block(other.Id);
    }

    public bool Unblock(Session session, Session other)
    {
        lock (_lock)
            return session.Chat.Unblock(other.Id);
    }

    private void AnnouncePresenceLocked(string text)
    {
        if (_listeners <= options.Chat.AnnounceLimit)
            AnnounceLocked(text);
    }

    private void AnnounceLocked(string text)
    {
        if (!options.Chat.Enabled)
            return;

        Remember(MessageTypes.System, null, text, time.GetUtcNow());
        Broadcast(MessageCodec.Encode(new SystemMessage(text)), static _ => true);
    }

    private void Remember(string type, Username? username, string text, DateTimeOffset now) =>
        _history.Add(new HistoryEntry(type, username, text, now));

    private void Broadcast(EncodedMessage message, Func<Session, bool> hears)
    {
        foreach (var member in _members)
            if (member.Chat.IsListening && hears(member))
                cluster.Deliver(member, message);
    }
}
