using System.Buffers;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Transport;

/// <summary>A message, in a buffer that goes back to its pool on disposal; or the end of the socket.</summary>
internal readonly struct Received : IDisposable
{
    private readonly byte[]? _rented;

    private Received(byte[]? rented, int length, SocketEnd? end)
    {
        _rented = rented;
        Message = rented.AsMemory(0, length);
        End = end;
    }

    /// <summary>The whole message in UTF-8. Invalid after disposal.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    public SocketEnd? End { get; }

    /// <param name="rented">From <see cref="ArrayPool{T}.Shared"/>; now this one's to return.</param>
    public static Received Whole(byte[] rented, int length) => new(rented, length, null);

    public static Received Ended(SocketEnd end) => new(null, 0, end);

    public void Dispose()
    {
        if (_rented is not null)
            ArrayPool<byte>.Shared.Return(_rented);
    }
}

/// <summary>How a socket ended.</summary>
/// <param name="Code">The code for our Close frame: the peer's own if it closed, what its violation is called if it broke a rule.</param>
/// <param name="HasNoCode">The peer closed without giving one.</param>
internal sealed record SocketEnd(SocketEndCause Cause, CloseCode Code, string Reason, bool HasNoCode = false)
{
    public static readonly SocketEnd Lost = new(SocketEndCause.Lost, CloseCode.GoingAway, "");

    public static readonly SocketEnd Failed = new(SocketEndCause.Failed, CloseCode.InternalError, "a fault of the server");
}

internal enum SocketEndCause
{
    /// <summary>The peer sent a Close frame.</summary>
    ClosedByPeer,

    /// <summary>The connection went away without one.</summary>
    Lost,

    /// <summary>The peer broke a rule of the framing.</summary>
    Violation,

    /// <summary>A fault of the server; the socket itself may be well.</summary>
    Failed,
}
