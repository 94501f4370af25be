using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MeshSignal.Bench.Load;

/// <summary>
/// A WebSocket client with as little in it as can be: the generator shares the machine with what it measures.
/// One system call a read, one a write, and no allocation for a message.
/// </summary>
internal sealed class WireSocket : IDisposable
{
    private const int PatienceMilliseconds = 5000;

    // One blocking socket reads ahead with as little calls as can be; of sockets by the thousand each is small until it needs more.
    private const int UsualBuffer = 16 * 1024;
    private const int SmallBuffer = 1024;
    private const int LargestBuffer = 256 * 1024;

    // The example key and its answer from RFC 6455, section 1.3: no hash is needed to check the server.
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const string Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        ReceiveTimeout = PatienceMilliseconds,
        SendTimeout = PatienceMilliseconds,
    };

    private byte[] _buffer;
    private int _start;
    private int _end;

    private WireSocket(int bufferBytes) => _buffer = new byte[bufferBytes];

    /// <summary>Blocking while peers are set up one by one, not under load.</summary>
    public bool Blocking
    {
        set => _socket.Blocking = value;
    }

    public int Descriptor => (int)_socket.SafeHandle.DangerousGetHandle();

    /// <exception cref="BenchException">The server did not switch to WebSocket, or not to this subprotocol.</exception>
    public static WireSocket Open(IPEndPoint server, string target, string? subprotocol = null)
    {
        var wire = new WireSocket(UsualBuffer);
        try
        {
            wire._socket.Connect(server);
            wire.Send(UpgradeRequest(server, target, subprotocol));
            while (!wire.TryTakeUpgradeResponse(subprotocol))
            {
                if (!wire.Fill()) throw new BenchException("the upgrade was not answered");
            }

            return wire;
        }
        catch
        {
            wire.Dispose();
            throw;
        }
    }

    /// <summary>The same for one of thousands: it blocks no thread, and its buffer grows only when it must.</summary>
    /// <param name="subprotocol">The one that is to be selected.</param>
    /// <param name="entry">What is offered beside it.</param>
    /// <param name="receiveBuffer">Bytes that the kernel may keep for one who does not read; 0 for as many as it likes.</param>
    /// <param name="from">The address that it comes from; null for the usual one.</param>
    /// <exception cref="BenchException">The server did not switch to WebSocket, or not to this subprotocol.</exception>
    public static async Task<WireSocket> OpenAsync(
        IPEndPoint server, string target, string? subprotocol, string? entry, CancellationToken cancel, int receiveBuffer = 0, IPAddress? from = null)
    {
        var wire = new WireSocket(SmallBuffer);
        if (receiveBuffer > 0) wire._socket.ReceiveBufferSize = receiveBuffer;
        try
        {
            if (from is not null) wire._socket.Bind(new IPEndPoint(from, 0));
            await wire._socket.ConnectAsync(server, cancel);
            await wire.SendAsync(UpgradeRequest(server, target, entry is null ? subprotocol : $"{subprotocol}, {entry}"), cancel);
            while (!wire.TryTakeUpgradeResponse(subprotocol)) await wire.FillAsync(cancel);
            return wire;
        }
        catch
        {
            wire.Dispose();
            throw;
        }
    }

    public void Send(ReadOnlySpan<byte> frame)
    {
        while (true)
        {
            var sent = _socket.Send(frame, SocketFlags.None, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock)) throw new SocketException((int)error);
            frame = frame[sent..];
            if (frame.IsEmpty) return;

            // A few messages always fit into the kernel's buffer, unless the server has stopped reading.
            if (!_socket.Poll(PatienceMilliseconds * 1000, SelectMode.SelectWrite)) throw new BenchException("the server does not read");
        }
    }

    public async Task SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancel)
    {
        while (!frame.IsEmpty) frame = frame[await _socket.SendAsync(frame, SocketFlags.None, cancel)..];
    }

    /// <summary>One read, as soon as there is something.</summary>
    public async Task FillAsync(CancellationToken cancel)
    {
        MoveToFront();
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _end < LargestBuffer ? 2 * _end : throw new BenchException($"a message over {_end} bytes"));
        var received = await _socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancel);
        if (received == 0) throw new BenchException("the server closed the connection");
        _end += received;
    }

    /// <summary>One read. False if nothing was there.</summary>
    public bool Fill()
    {
        MoveToFront();
        if (_end == _buffer.Length) throw new BenchException($"a message over {_buffer.Length} bytes");
        var received = _socket.Receive(_buffer.AsSpan(_end), SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock) return false;
        if (error != SocketError.Success) throw new SocketException((int)error);
        if (received == 0) throw new BenchException("the server closed the connection");
        _end += received;
        return true;
    }

    /// <summary>The next whole message of what has been read, valid until the next <see cref="Fill"/>. Pings are answered on the way.</summary>
    public bool TryTake(out ReadOnlySpan<byte> message)
    {
        while (TryTakeFrame(out var first, out message))
        {
            switch (first)
            {
                case 0x80 | Frame.Text:
                    return true;
                case 0x80 | Frame.Ping:
                    Send(Frame.Build(Frame.Pong, message));
                    break;
                case 0x80 | Frame.Pong:
                    break;
                case 0x80 | Frame.Close:
                    var code = message.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(message) : 1005;
                    throw new BenchException($"the server closed with {code} {Encoding.UTF8.GetString(message.Length > 2 ? message[2..] : [])}");
                default:
                    throw new BenchException($"a frame that starts with 0x{first:x2}; whole text messages are expected");
            }
        }

        return false;
    }

    /// <summary>Waits for the next message; only for a blocking socket.</summary>
    public ReadOnlySpan<byte> Read()
    {
        ReadOnlySpan<byte> message;
        while (!TryTake(out message))
        {
            if (!Fill()) throw new BenchException($"no answer within {PatienceMilliseconds} ms");
        }

        return message;
    }

    /// <summary>Says Close and reads on until the server has answered it, so that the next measurement does not meet the clean-up of this one.</summary>
    public void Close()
    {
        Blocking = true;
        Send(Frame.Build(Frame.Close, [0x03, 0xe8]));
        while (true)
        {
            while (TryTakeFrame(out var first, out _))
            {
                if (first == (0x80 | Frame.Close)) return;
            }

            if (!Fill()) throw new BenchException("a Close was not answered");
        }
    }

    /// <summary>Ends it with a reset: nothing is said, and what was not read is lost.</summary>
    public void Cut()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The next whole frame of what has been read, valid until the next read.</summary>
    /// <param name="first">Its first byte: FIN and opcode.</param>
    public bool TryTakeFrame(out byte first, out ReadOnlySpan<byte> payload)
    {
        var bytes = _buffer.AsSpan(_start, _end - _start);
        first = 0;
        payload = default;
        if (bytes.Length < 2) return false;

        var (header, length) = (2, (int)bytes[1]);
        if (length == 126)
        {
            if (bytes.Length < 4) return false;
            (header, length) = (4, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
        }
        else if (length > 126)
        {
            throw new BenchException("a frame over 64 KiB, or a masked one");
        }

        if (bytes.Length < header + length) return false;
        first = bytes[0];
        payload = bytes.Slice(header, length);
        _start += header + length;
        return true;
    }

    private static byte[] UpgradeRequest(IPEndPoint server, string target, string? offered) => Encoding.ASCII.GetBytes(
        $"GET {target} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {Key}\r\n"
        + (offered is null ? "" : $"Sec-WebSocket-Protocol: {offered}\r\n") + "\r\n");

    private void MoveToFront()
    {
        if (_start == 0) return;
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
    }

    private bool TryTakeUpgradeResponse(string? subprotocol)
    {
        var end = _buffer.AsSpan(0, _end).IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;

        var response = Encoding.ASCII.GetString(_buffer, 0, end + 2);
        _start = end + 4;
        Require("HTTP/1.1 101 ");
        Require($"Sec-WebSocket-Accept: {Accept}\r\n");
        if (subprotocol is not null) Require($"Sec-WebSocket-Protocol: {subprotocol}\r\n");
        return true;

        void Require(string part)
        {
            if (!response.Contains(part, StringComparison.OrdinalIgnoreCase))
                throw new BenchException($"no '{part.Trim()}' in the answer to the upgrade:\n{response}");
        }
    }
}
