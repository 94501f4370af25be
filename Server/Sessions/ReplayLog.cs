using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Sessions;

/// <summary>
/// What a session was sent lately, numbered from 1 over all its sockets, so that a client which comes back gets what it missed: all of it, or the word that it cannot.
/// The messages are those of the send queue, not copies. Guarded by its session.
/// </summary>
internal sealed class ReplayLog(SessionsOptions options)
{
    // An idle session keeps nothing, and no room for it.
    private const int KeptCapacity = 16;

    private readonly Queue<EncodedMessage> _kept = new();
    private long _bytes;

    /// <summary>How many messages there have been.</summary>
    public long Count { get; private set; }

    /// <summary>How many of them are gone.</summary>
    private long Gone => Count - _kept.Count;

    public bool IsFull => _kept.Count > options.ReplayMessages || _bytes > options.ReplayBytes;

    public void Add(EncodedMessage message)
    {
        message.Hold();
        _kept.Enqueue(message);
        _bytes += message.Length;
        Count++;
    }

    /// <summary>Gives up the oldest, as far as the limits demand. What waits to be sent counts to the limits of the send queue, and not to these.</summary>
    public void Trim((int Messages, long Bytes) waiting)
    {
        while (_kept.Count > 0 && (_kept.Count - waiting.Messages > options.ReplayMessages || _bytes - waiting.Bytes > options.ReplayBytes))
            Drop();
    }

    /// <summary>Gives up what other peers have sent, and all before it: none of that shall be given any more.</summary>
    public void DropRelayed()
    {
        for (var last = _kept.Count(static message => message.IsRelayed); last > 0;)
        {
            if (_kept.Peek().IsRelayed)
                last--;
            Drop();
        }
    }

    /// <summary>So many have arrived. False if there were never so many.</summary>
    public bool TryConfirm(long received)
    {
        if (received > Count)
            return false;

        while (Gone < received)
            Drop();
        if (_kept.Capacity > KeptCapacity && _kept.Count < KeptCapacity)
            _kept.TrimExcess();
        return true;
    }

    /// <summary>All that came after so many, held by this log; null if that cannot be complete.</summary>
    public IReadOnlyCollection<EncodedMessage>? After(long received) => received < Gone || !TryConfirm(received) ? null : _kept;

    private void Drop()
    {
        var message = _kept.Dequeue();
        _bytes -= message.Length;
        message.LetGo();
    }
}
