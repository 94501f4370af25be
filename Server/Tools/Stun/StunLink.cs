using System.Net;
using System.Net.Sockets;

namespace MeshSignal.Server.Tools.Stun;

/// <summary>A way to a STUN server and back.</summary>
internal abstract class StunLink : IDisposable
{
    /// <summary>Nothing gets lost on it, so nothing is sent twice.</summary>
    public abstract bool IsReliable { get; }

    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken end);

    /// <summary>Null if what has come is no message of STUN.</summary>
    public abstract ValueTask<StunMessage?> ReceiveAsync(CancellationToken end);

    public abstract void Dispose();
}

/// <summary>Over UDP: a message a datagram.</summary>
internal sealed class DatagramLink : StunLink
{
    private readonly byte[] _buffer = new byte[2048];
    private readonly Socket _socket;

    public DatagramLink(IPEndPoint server)
    {
        _socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.Connect(server);
    }

    public override bool IsReliable => false;

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken end) => await _socket.SendAsync(message, SocketFlags.None, end);

    public override async ValueTask<StunMessage?> ReceiveAsync(CancellationToken end) =>
        StunMessage.Read(_buffer.AsSpan(0, await _socket.ReceiveAsync(_buffer, SocketFlags.None, end)));

    public override void Dispose() => _socket.Dispose();
}

/// <summary>Over TCP or TLS: one message behind the other (RFC 8489 section 6.2.2).</summary>
internal sealed class StreamLink(Stream stream) : StunLink
{
    private readonly byte[] _header = new byte[20];

    public override bool IsReliable => true;

    public override ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken end) => stream.WriteAsync(message, end);

    public override async ValueTask<StunMessage?> ReceiveAsync(CancellationToken end)
    {
        await stream.ReadExactlyAsync(_header, end);
        var length = StunMessage.LengthOf(_header);
        if (length == 0)
            return null;

        var message = new byte[length];
        _header.CopyTo(message, 0);
        await stream.ReadExactlyAsync(message.AsMemory(_header.Length), end);
        return StunMessage.Read(message);
    }

    public override void Dispose() => stream.Dispose();
}
