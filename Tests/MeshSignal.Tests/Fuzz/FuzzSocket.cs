using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Fuzz;

/// <summary>A client's TCP connection that takes being cut off as an answer.</summary>
internal sealed class FuzzSocket : IDisposable
{
    /// <summary>Far above what anything takes; it only ends what would wait for ever.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const int LongestHead = 16 * 1024;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    private FuzzSocket()
    {
    }

    public static async Task<FuzzSocket> ConnectAsync(IPEndPoint server)
    {
        var socket = new FuzzSocket();
        await socket._socket.ConnectAsync(server).WaitAsync(Patience);
        return socket;
    }

    /// <summary>Opens a WebSocket as it should be done; nothing has been read from it yet.</summary>
    /// <param name="former">An entry beside the subprotocol that names a session.</param>
    public static async Task<(FuzzPeer Peer, FuzzSocket Socket)> OpenAsync(IPEndPoint server, Profile profile, string query, string? former = null)
    {
        var socket = await ConnectAsync(server);
        var head = (profile == Profile.V1 ? FrameFuzzer.V1Head : FrameFuzzer.LegacyHead).Replace("?chat=off", query, StringComparison.Ordinal);
        await socket.SendAsync(Encoding.Latin1.GetBytes($"{head}{(former is null ? "" : $"Sec-WebSocket-Protocol: {former}\r\n")}\r\n"));
        var response = await socket.ReadHeadAsync();
        if (response?.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) != true)
            throw new FuzzFault($"a lawful upgrade was answered with {response ?? "nothing"}");
        return (new FuzzPeer(profile, text => socket.SendAsync(ClientFrame.Message(text)), socket.HearAsync), socket);
    }

    /// <summary>False if the server has gone.</summary>
    public async Task<bool> SendAsync(params byte[][] parts)
    {
        try
        {
            ReadOnlyMemory<byte> bytes = parts is [var only] ? only : parts.SelectMany(part => part).ToArray();
            while (!bytes.IsEmpty)
                bytes = bytes[await _socket.SendAsync(bytes).AsTask().WaitAsync(Patience)..];
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Status line and fields; null if the connection ended before.</summary>
    public async Task<string?> ReadHeadAsync()
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8)) < 0)
            if (_end - _start > LongestHead || !await FillAsync())
                return null;

        var head = Encoding.Latin1.GetString(_buffer, _start, length + 4);
        _start += length + 4;
        return head;
    }

    /// <summary>Null at the end of the connection.</summary>
    /// <exception cref="FuzzFault">It is no frame that a server may send.</exception>
    public async Task<ServerFrame?> ReadFrameAsync()
    {
        while (true)
        {
            if (TryTakeFrame() is { } frame)
                return frame;
            if (!await FillAsync())
                return null;
        }
    }

    /// <summary>Says Close and waits for the answer, so that what was there has ended before something new begins.</summary>
    public async Task CloseAsync()
    {
        await SendAsync(ClientFrame.Closing(1000));
        while (await ReadFrameAsync() is not null and not { Opcode: ClientFrame.Close })
        {
        }
    }

    public void EndSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The server was first.
        }
    }

    public void Reset() => _socket.Close(timeout: 0);

    public void Dispose() => _socket.Dispose();

    private async Task<Heard> HearAsync()
    {
        while (await ReadFrameAsync() is { } frame)
        {
            switch (frame.Opcode)
            {
                case ClientFrame.Text:
                    return new Heard(frame.Text);
                case ClientFrame.Close:
                    await SendAsync(ClientFrame.Frame(ClientFrame.Close, frame.Payload));
                    return new Heard(null, frame.CloseCode);
                case ClientFrame.Ping:
                    await SendAsync(ClientFrame.Frame(ClientFrame.Pong, frame.Payload));
                    break;
            }
        }

        return new Heard(null, 1006);
    }

    private ServerFrame? TryTakeFrame()
    {
        var bytes = _buffer.AsSpan(_start, _end - _start);
        if (bytes.Length < 2)
            return null;
        if ((bytes[0] & 0xF0) != 0x80 || (bytes[0] & 0x0F) is not (1 or 8 or 9 or 10) || bytes[1] > 127)
            throw new FuzzFault($"no frame of a server's: {Convert.ToHexString(bytes[..Math.Min(20, bytes.Length)])}");

        var header = bytes[1] switch { 126 => 4, 127 => 10, _ => 2 };
        if (bytes.Length < header)
            return null;

        var length = bytes[1] switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            127 => (int)BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
            var small => small,
        };
        if (bytes.Length < header + length)
            return null;

        _start += header + length;
        return new ServerFrame(bytes[0], bytes.Slice(header, length).ToArray());
    }

    private async Task<bool> FillAsync()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        try
        {
            var count = await _socket.ReceiveAsync(_buffer.AsMemory(_end)).AsTask().WaitAsync(Patience);
            _end += count;
            return count > 0;
        }
        catch (SocketException)
        {
            return false; // Reset.
        }
        catch (TimeoutException)
        {
            throw new FuzzFault($"nothing came for {Patience.TotalSeconds} s");
        }
    }
}
