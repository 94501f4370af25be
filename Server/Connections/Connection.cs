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
    private long? _silentSinceWhenAsked;

    public Profile Profile => profile;

    /// <summary>When the last frame came in, as a timestamp of the <see cref="TimeProvider"/>.</summary>
    public long LastFrameAt => socket.LastFrameAt;

    /// <summary>How long nothing has come in.</summary>
    public TimeSpan Silence => time.GetElapsedTime(LastFrameAt);

    /// <summary>Why it is closed from our side, once that has begun.</summary>
    public Closing? Closing => _outbox.Closing;

    /// <summary>Queues a message. False if it cannot be delivered any more.</summary>
    public bool Deliver(EncodedMessage message) => _outbox.Enqueue(message);

    /// <summary>Closes it once all that is queued has gone out. The first reason stands.</summary>
    public void Close(CloseCode code, string reason) => _outbox.Close(code, reason);

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
    }
}
