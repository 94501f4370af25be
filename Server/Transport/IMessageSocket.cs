using MeshSignal.Protocol;

namespace MeshSignal.Server.Transport;

/// <summary>
/// One peer's socket as the rest of the server sees it: whole text messages in, whole text messages out, close with a code. Size limits, reassembly,
/// control frames and the closing handshake of RFC 6455 are inside. Reading is one caller's business (<see cref="Connections.ConnectionHandler"/>),
/// writing another's (<see cref="Connections.Outbox"/>); neither ever has two calls under way.
/// </summary>
internal interface IMessageSocket
{
    /// <summary>When the last whole frame of any kind came in, as a timestamp of the <see cref="TimeProvider"/>.</summary>
    long LastFrameAt { get; }

    /// <summary>
    /// Waits for a message, or for the end of the socket, which is a result and not an exception. Holds no buffer while it waits. Once a Close was sent,
    /// messages are read and discarded until the end.
    /// </summary>
    ValueTask<Received> ReceiveAsync();

    /// <summary>Sends a message. Its bytes are not looked at after this has completed.</summary>
    /// <exception cref="IOException">The socket is gone; <see cref="ReceiveAsync"/> tells the same.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> utf8);

    /// <summary>Sends an RFC 6455 ping.</summary>
    /// <exception cref="IOException">As for <see cref="SendAsync"/>.</exception>
    ValueTask PingAsync();

    /// <summary>
    /// Sends a Close frame, unless one is out already, and gives the peer two seconds to read it and to answer: a socket that is torn down with unread input is
    /// reset, and the peer may never see the code.
    /// </summary>
    /// <exception cref="IOException">As for <see cref="SendAsync"/>.</exception>
    ValueTask CloseAsync(CloseCode code, string reason);

    /// <summary>After <see cref="CloseAsync"/> and the end of receiving: reads and discards until the peer's Close, the end, or those two seconds.</summary>
    ValueTask LingerAsync();

    /// <summary>Tears the socket down at once. Calls under way end.</summary>
    void Abort();
}
