using System.Text;

namespace MeshSignal.Bench.Load;

/// <summary>
/// One connection under load: it sends the same frame over and over, and knows what it must receive, byte for byte. Peers come in pairs,
/// and a pair has one message in flight: two could share a packet and a read, and would then cost less than two.
/// </summary>
internal sealed class LoadPeer(WireSocket wire, byte[] frame, byte[] expected) : IDisposable
{
    private long _sentAt;

    public WireSocket Wire { get; } = wire;

    /// <summary>A message of this peer is on its way.</summary>
    public bool Waiting { get; private set; }

    /// <summary>Whose messages arrive here.</summary>
    private LoadPeer Source { get; set; } = null!;

    /// <summary>Who sends once a message has arrived here.</summary>
    public LoadPeer Next { get; private set; } = null!;

    /// <summary>The server passes the messages of each on to the other: who receives, sends.</summary>
    public static void Relayed(LoadPeer one, LoadPeer other)
    {
        (one.Source, other.Source) = (other, one);
        (one.Next, other.Next) = (one, other);
    }

    /// <summary>The server sends them back: the two take turns, so that the rhythm is that of a relay.</summary>
    public static void Echoed(LoadPeer one, LoadPeer other)
    {
        (one.Source, other.Source) = (one, other);
        (one.Next, other.Next) = (other, one);
    }

    public void Send(long now)
    {
        _sentAt = now;
        Waiting = true;
        Wire.Send(frame);
    }

    /// <summary>Checks a message that has arrived here; returns when its sender sent it.</summary>
    /// <exception cref="BenchException">It is not the expected one, or one more than was sent.</exception>
    public long Verify(ReadOnlySpan<byte> message)
    {
        if (!message.SequenceEqual(expected)) throw Unexpected(message);
        if (!Source.Waiting) throw new BenchException("received one more message than was sent");
        Source.Waiting = false;
        return Source._sentAt;
    }

    public void Dispose() => Wire.Dispose();

    private BenchException Unexpected(ReadOnlySpan<byte> message)
    {
        var text = Encoding.UTF8.GetString(message);
        return new BenchException($"received {message.Length} bytes where {expected.Length} others were expected: {text[..Math.Min(200, text.Length)]}");
    }
}
