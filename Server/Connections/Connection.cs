using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;

namespace MeshSignal.Server.Connections;

/// <summary>One socket of one session: its outbox, and what is known of its being alive.</summary>
internal sealed class Connection(IMessageSocket socket, Profile profile, MeshSignalOptions options, TimeProvider time)
{
    /// <summary>How long the last messages and the Close may take to get out.</summary>
    public static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);

    private readonly Outbox _outbox = new(socket, options.Limits, time);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long? _silentSinceWhenAsked;

    public Profile Profile => profile;

    /// <summary>When the last frame came in, as a timestamp of the <see cref="TimeProvider"/>.</summary>
    public long LastFrameAt => socket.LastFrameAt;

    /// <summary>How long nothing has come in.</summary>
    public TimeSpan Silence => time.GetElapsedTime(LastFrameAt);

    /// <summary>Why it is closed from our side, once that has begun.</summary>
    public Closing? Closing => _outbox.Closing;

    /// <summary>A fault of ours that ended the writing.</summary>
    public Exception? Fault => _outbox.Fault;

    /// <summary>How the socket ended, if that was seen here.</summary>
    public SocketEnd? End { get; private set; }

    /// <summary>The next message, for whoever needs one before there is a session. Null if the socket has ended.</summary>
    public async ValueTask<Received?> ReceiveAsync()
    {
        var received = await socket.ReceiveAsync();
        End = received.End;
        return End is null ? received : null;
    }

    /// <summary>Queues a message. False if it cannot be delivered any more.</summary>
    public bool Deliver(EncodedMessage message) => _outbox.Enqueue(message);

    /// <summary>Queues what a session has kept, ahead of what comes later.</summary>
    public void Replay(IEnumerable<EncodedMessage> messages) => _outbox.Replay(messages);

    /// <summary>What waits to be sent.</summary>
    public (int Messages, long Bytes) Queued => _outbox.Queued;

    /// <summary>Closes it once all that is queued has gone out. The first reason stands.</summary>
    public void Close(CloseCode code, string reason) => _outbox.Close(code, reason);

    /// <summary>Closes it as <see cref="Close"/> does, and tears it down if that does not get out in time: it is no session's any more, so nobody else looks after it.</summary>
    public async Task CloseInTimeAsync(CloseCode code, string reason)
    {
        _outbox.Close(code, reason);
        if (!await _outbox.ClosesWithinAsync(CloseTime))
            socket.Abort();
    }

    /// <summary>Tears the socket down at once; its handler then ends the session.</summary>
    public void Abort() => socket.Abort();

    /// <summary>Asks a silent peer for a sign of life, once for each silence.</summary>
    public void AskForLife()
    {
        if (_silentSinceWhenAsked == LastFrameAt)
            return;

        _silentSinceWhenAsked = LastFrameAt;
        _outbox.Ping();
    }

    /// <summary>Tears the socket down if its peer does not read in time.</summary>
    public void CheckSendDeadlines() => _outbox.CheckDeadlines();

    /// <summary>Closes, for the given reason if there is no earlier one, and waits until the peer has had its chance to see why.</summary>
    public async Task EndAsync(SocketEnd end)
    {
        _outbox.Close(end.Code, end.Reason);
        if (end.Cause == SocketEndCause.Lost || !await _outbox.ClosesWithinAsync(CloseTime))
            socket.Abort();

        // The writer must be done with the socket before the socket's owner takes it away.
        await _outbox.WhenClosedAsync();
        await socket.LingerAsync();
        _ended.TrySetResult();
    }

    /// <summary>Completes when its peer has had that chance.</summary>
    public Task WhenEndedAsync() => _ended.Task;
}
