using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Rooms;

namespace MeshSignal.Server.Sessions;

/// <summary>
/// Who somebody is: name, tokens, scope, place in a room. It outlives its socket for a while, if its client can come back to it. Only whoever has the session's turn changes
/// it: its connection, one message at a time, or the one that takes its place; others only deliver to it.
/// </summary>
/// <param name="replay">Null for a client that cannot come back.</param>
#pragma warning disable CA1001 // A SemaphoreSlim has nothing to dispose of as long as nobody asks for its wait handle.
internal sealed class Session(
    Connection connection, Username username, ChatMember chat, SlidingCount wrongTokens, RateLimits rate, ReplayLog? replay, TimeProvider time)
#pragma warning restore CA1001
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _sending = new(); // Guards the fields below, and the replay log: its numbers are the order in which messages are queued. Innermost but for the outbox's.
    private Connection? _connection = connection;
    private long _lostAt;
    private bool _isEnded;

    public SessionId Id { get; } = SessionId.New();

    public SessionTokens Tokens { get; } = new();

    public Profile Profile { get; } = connection.Profile;

    /// <summary>Its socket; null while it is waited for.</summary>
    public Connection? Connection
    {
        get
        {
            lock (_sending)
                return _connection;
        }
    }

    /// <summary>Changed by <c>/nick</c>, never while in a room: there others address it.</summary>
    public Username Username { get; set; } = username;

    /// <summary>Who it is, as far as it is proven.</summary>
    public Identity Identity { get; set; } = Identity.Anonymous;

    /// <summary>Where its last socket came from; null if that is not known.</summary>
    public ClientAddress? Address { get; set; }

    public ChatMember Chat => chat;

    /// <summary>Messages of the session's socket that bore another token.</summary>
    public SlidingCount WrongTokens => wrongTokens;

    /// <summary>How much it may send, at whichever socket.</summary>
    public RateLimits Rate => rate;

    /// <summary>Where its name is unique and its chat is heard.</summary>
    public Scope? Scope { get; set; }

    /// <summary>Its stay in a room, if it is in one.</summary>
    public Peer? Peer { get; set; }

    /// <summary>The session that took its place, if its client has begun anew.</summary>
    public Session? Successor { get; set; }

    /// <summary>Whether its client can come back to it.</summary>
    public bool CanResume { get; } = replay is not null;

    /// <summary>How long it has been without a socket; zero if it has one.</summary>
    public TimeSpan AwayTime
    {
        get
        {
            lock (_sending)
                return _connection is null ? time.GetElapsedTime(_lostAt) : TimeSpan.Zero;
        }
    }

    /// <summary>Completes when it is out of everything it was in and its name is free.</summary>
    public Task WhenEndedAsync() => _ended.Task;

    public void MarkEnded()
    {
        lock (_sending)
            (_isEnded, _connection) = (true, null);
        _ended.TrySetResult();
    }

    /// <summary>Waits for the session's turn. It is over when the result is disposed.</summary>
    public async ValueTask<Turn> TakeTurnAsync()
    {
        await _turn.WaitAsync();
        return new Turn(_turn);
    }

    /// <summary>Takes the turn if nobody has it.</summary>
    public bool TryTakeTurn(out Turn turn)
    {
        turn = new Turn(_turn);
        return _turn.Wait(TimeSpan.Zero);
    }

    /// <summary>Queues a message, or keeps it for a client that is to come back; whoever calls has it no more. False if it cannot be delivered any more.</summary>
    public bool Deliver(EncodedMessage message)
    {
        lock (_sending)
        {
            if (!_isEnded)
                replay?.Add(message);
            if (_connection is null)
                message.LetGo();
            if (_isEnded)
                return false;

            var isDelivered = _connection is null || _connection.Deliver(message) || (CanResume && _connection.Closing is { IsResumable: true });
            if (replay is { IsFull: true })
                replay.Trim(_connection?.Queued ?? default);
            return isDelivered;
        }
    }

    /// <summary>It has been sent its token. What comes before that would come before anything else.</summary>
    public bool IsGreeted { get; private set; }

    /// <summary>Sends the message that tells its token: not counted and not kept, because nobody could come back without having got it.</summary>
    public void Greet(EncodedMessage message)
    {
        Connection?.Deliver(message);
        IsGreeted = true;
    }

    public bool Deliver(ServerMessage message) => Deliver(MessageCodec.Encode(message));

    /// <summary>
    /// What other peers have sent so far is not sent again: it was passed on under a policy that does not hold any more. A client that comes back and has missed some of it cannot go on.
    /// </summary>
    public void DropRelayed()
    {
        lock (_sending)
            replay?.DropRelayed();
    }

    /// <summary>Its client says how much has arrived. False if that cannot be.</summary>
    public bool TryConfirm(long received)
    {
        lock (_sending)
            return replay is null || replay.TryConfirm(received);
    }

    /// <summary>Its socket is gone; from now on messages are kept.</summary>
    public void Detach()
    {
        lock (_sending)
        {
            (_connection, _lostAt) = (null, time.GetTimestamp());
            replay?.Trim(default);
        }
    }

    /// <summary>Goes on at another socket: greets, then sends what was missed, then whatever comes. False if what was missed is not there any more.</summary>
    /// <param name="former">The socket until now, if there still is one.</param>
    public bool TryAttach(Connection successor, long received, Func<EncodedMessage> greet, out Connection? former)
    {
        lock (_sending)
        {
            former = _connection;
            if (_isEnded || former?.Closing is { IsResumable: false } || replay?.After(received) is not { } missed)
                return false;

            successor.Deliver(greet());
            successor.Replay(missed);
            _connection = successor;
            return true;
        }
    }

    /// <summary>While one has it, nobody else acts for the session.</summary>
    public readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
