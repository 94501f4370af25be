using MeshSignal.Protocol;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Rooms;

namespace MeshSignal.Server.Sessions;

/// <summary>
/// Who somebody is while connected: name, token, scope, place in a room. Only the session's own connection changes it, one message at a time; others
/// only deliver to it.
/// </summary>
internal sealed class Session(Connection connection, Username username, ChatMember chat, SlidingCount wrongTokens)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SessionId Id { get; } = SessionId.New();

    public SessionToken Token { get; } = SessionToken.New();

    public Connection Connection => connection;

    public Profile Profile => connection.Profile;

    /// <summary>Changed by <c>/nick</c>, never while in a room: there others address it.</summary>
    public Username Username { get; set; } = username;

    public ChatMember Chat => chat;

    /// <summary>Messages of the session's socket that bore another token.</summary>
    public SlidingCount WrongTokens => wrongTokens;

    /// <summary>Where its name is unique and its chat is heard.</summary>
    public Scope? Scope { get; set; }

    /// <summary>Its stay in a room, if it is in one.</summary>
    public Peer? Peer { get; set; }

    /// <summary>Completes when it is out of everything it was in and its name is free.</summary>
    public Task WhenEndedAsync() => _ended.Task;

    public void MarkEnded() => _ended.TrySetResult();

    /// <summary>Queues a message. False if it cannot be delivered any more.</summary>
    public bool Deliver(EncodedMessage message) => connection.Deliver(message);

    public bool Deliver(ServerMessage message) => connection.Deliver(MessageCodec.Encode(message));
}
