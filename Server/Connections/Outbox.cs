using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;

namespace MeshSignal.Server.Connections;

/// <summary>
/// What waits to be sent to one peer, and the only writer of its socket. Bounded in messages, bytes and time: a peer that does not read is closed, and
/// neither the sender nor anybody else waits for it. Putting a message in never blocks and never writes, so it may be done under a room's lock.
/// </summary>
internal sealed class Outbox(IMessageSocket socket, LimitOptions limits, TimeProvider time) : IThreadPoolWorkItem
{
    // What a burst has grown is given back once it is over; below this it is not worth the allocation.
    private const int KeptCapacity = 64;

    private readonly Lock _lock = new(); // Guards all fields below.
    private readonly Queue<Entry> _queue = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _queuedMessages; // Without those that are replayed.
    private long _queuedBytes;
    private bool _isWriting;
    private bool _wantsPing;
    private long _oldestAt;
    private bool _isReplaying;
    private long _replayedAt;
    private long _closingAt;
    private Closing? _closing;

    private enum Next
    {
        Nothing,
        Message,
        Ping,
        Close,
    }

    /// <summary>Why the socket is closed from our side, once that has begun.</summary>
    public Closing? Closing
    {
        get
        {
            lock (_lock)
                return _closing;
        }
    }

    /// <summary>What ended the writing, if that was not the loss of the socket: a fault of ours, to be logged. Settled when it is closed.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Queues a message, and lets go of it when it is done with. False if it will not be sent, because the socket is being closed, if need be from now on: this queue was full.</summary>
    public bool Enqueue(EncodedMessage message)
    {
        lock (_lock)
        {
            if (_closing is null && (_queuedMessages >= limits.SendQueueMessages || _queuedBytes + message.Length > limits.SendQueueBytes))
                Overrun();
            if (_closing is not null)
            {
                message.LetGo();
                return false;
            }

            _queue.Enqueue(new Entry(message, time.GetTimestamp(), IsReplayed: false));
            _queuedMessages++;
            _queuedBytes += message.Length;
            StartWriting();
        }

        return true;
    }

    /// <summary>Queues what a session has kept. It is bounded already, and does not count: else who missed the most could never come back.</summary>
    public void Replay(IEnumerable<EncodedMessage> messages)
    {
        lock (_lock)
        {
            if (_closing is not null)
                return;

            foreach (var message in messages)
            {
                message.Hold();
                _queue.Enqueue(new Entry(message, time.GetTimestamp(), IsReplayed: true));
            }

            StartWriting();
        }
    }

    /// <summary>What waits to be sent, for its session to keep it.</summary>
    public (int Messages, long Bytes) Queued
    {
        get
        {
            lock (_lock)
                return (_queuedMessages, _queuedBytes);
        }
    }

    /// <summary>Asks the peer for a sign of life, ahead of what is queued.</summary>
    public void Ping()
    {
        lock (_lock)
        {
            _wantsPing = _closing is null;
            StartWriting();
        }
    }

    /// <summary>Closes the socket once all that is queued has gone out. The first reason stands.</summary>
    public void Close(CloseCode code, string reason)
    {
        lock (_lock)
        {
            if (_closing is not null)
                return;

            (_closing, _closingAt) = (new Closing(code, reason), time.GetTimestamp());
            StartWriting();
        }
    }

    /// <summary>Completes when the Close has gone out, or when the socket has turned out to be gone: the writer is done with it.</summary>
    public Task WhenClosedAsync() => _closed.Task;

    /// <summary>False if that does not happen in time.</summary>
    public async Task<bool> ClosesWithinAsync(TimeSpan span)
    {
        try
        {
            await _closed.Task.WaitAsync(span, time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Called every second: tears down a socket whose peer does not read in time.</summary>
    public void CheckDeadlines()
    {
        lock (_lock)
        {
            // After the Close the transport gives the peer its time to answer.
            if (!_isWriting || _closed.Task.IsCompleted)
                return;

            var isStuck = _closing is null ? time.GetElapsedTime(_oldestAt) > limits.SendTimeout : time.GetElapsedTime(_closingAt) > Connection.CloseTime;
            if (!isStuck)
                return;
            if (_closing is null)
                Overrun();
        }

        socket.Abort();
    }

    void IThreadPoolWorkItem.Execute() => _ = WriteAsync();

    /// <summary>Gives up on the peer. Its queue goes, so that its memory is free and the Close is next, should it begin to read after all.</summary>
    private void Overrun()
    {
        (_closing, _closingAt) = (new Closing(CloseCode.SlowConsumer, "you do not read what is sent to you"), time.GetTimestamp());
        Clear();
        StartWriting();
    }

    private void StartWriting()
    {
        if (_isWriting)
            return;

        (_isWriting, _oldestAt) = (true, time.GetTimestamp());

        // On the local queue: the sender's thread goes on to wait for its socket and mostly takes this up itself.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                switch (TakeNext(out var message))
                {
                    case Next.Message:
                        await socket.SendAsync(message.Utf8);
                        message.LetGo();
                        break;
                    case Next.Ping:
                        await socket.PingAsync();
                        break;
                    case Next.Close:
                        await socket.CloseAsync(_closing!.Code, _closing.Reason);
                        _closed.SetResult();
                        return;
                    default:
                        return;
                }
            }
        }
#pragma warning disable CA1031 // Nobody awaits this: what would leave it would be lost.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // _isWriting stays true: there is no writing any more. That the socket is gone the receiving side sees too, and tells the others.
            Fault = e as IOException is null ? e : null;
            GiveUp();
            if (Fault is not null)
                socket.Abort();
        }
    }

    private Next TakeNext(out EncodedMessage message)
    {
        lock (_lock)
        {
            message = default;
            if (_wantsPing)
            {
                _wantsPing = false;
                return Next.Ping;
            }

            if (_queue.TryDequeue(out var entry))
            {
                message = entry.Message;
                if (!entry.IsReplayed)
                {
                    _queuedMessages--;
                    _queuedBytes -= message.Length;
                }

                // A peer that reads what it missed is given the time for all of it, and what waits behind it does not age meanwhile.
                if (entry.IsReplayed || _isReplaying)
                    (_isReplaying, _replayedAt) = (entry.IsReplayed, time.GetTimestamp());
                _oldestAt = Math.Max(entry.QueuedAt, _replayedAt);

                return Next.Message;
            }

            if (_queue.Capacity > KeptCapacity)
                _queue.TrimExcess();

            // After the Close _isWriting stays true: nothing may follow it.
            _isWriting = _closing is not null;
            return _isWriting ? Next.Close : Next.Nothing;
        }
    }

    private void GiveUp()
    {
        lock (_lock)
        {
            _closing ??= new Closing(CloseCode.GoingAway, "the socket is gone");
            Clear();
        }

        _closed.SetResult();
    }

    private void Clear()
    {
        // One that is being written is not among them.
        while (_queue.TryDequeue(out var entry))
            entry.Message.LetGo();
        (_queuedMessages, _queuedBytes) = (0, 0);
    }

    private readonly record struct Entry(EncodedMessage Message, long QueuedAt, bool IsReplayed);
}

/// <summary>The Close frame that a socket gets from us.</summary>
internal sealed record Closing(CloseCode Code, string Reason)
{
    /// <summary>Whether the peer may come back to the same session: this end of it broke down, or it is told to reconnect.</summary>
    public bool IsResumable => Code is CloseCode.GoingAway or CloseCode.ServiceRestart or (>= (CloseCode)4000 and < (CloseCode)4500);
}
