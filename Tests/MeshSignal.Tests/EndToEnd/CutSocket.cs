using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>How a connection breaks.</summary>
internal enum CutKind
{
    /// <summary>Both ends are told at once.</summary>
    Reset,

    /// <summary>The client's end goes away in good order, but without a Close frame.</summary>
    End,

    /// <summary>The client has lost it and the server does not know: it stays open, and nobody reads it.</summary>
    Silence,
}

/// <summary>A client's WebSocket over a TCP connection that breaks after so many bytes, in the middle of whatever is under way there.</summary>
internal sealed class CutSocket : IDisposable
{
    private readonly CutStream _stream;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private WebSocket? _webSocket;

    private CutSocket(Socket socket) => _stream = new CutStream(socket);

    /// <summary>Whether it has broken as it was told to.</summary>
    public bool HasBroken => _stream.HasBroken;

    /// <summary>Whether it is to break.</summary>
    public bool IsArmed { get; private set; }

    /// <summary>How the server has closed it.</summary>
    public string CloseText => $"{(int?)_webSocket!.CloseStatus} {_webSocket.CloseStatusDescription}";

    public static CutSocket Create() => new(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    /// <summary>The ways in which a broken connection shows.</summary>
    public static bool IsCut(Exception e) => e is IOException or SocketException or WebSocketException or ObjectDisposedException or OperationCanceledException;

    /// <summary>From now on it breaks as soon as so many bytes more have come in, or gone out.</summary>
    public void Arm(CutKind kind, int bytesIn, int bytesOut)
    {
        IsArmed = true;
        _stream.Arm(kind, bytesIn, bytesOut);
    }

    /// <summary>Opens it as a v1 client; nothing has been read from it yet.</summary>
    /// <param name="entry">A subprotocol to offer beside ours, if any.</param>
    public async Task OpenAsync(IPEndPoint server, string query, string? entry, CancellationToken cancel)
    {
        await _stream.ConnectAsync(server, cancel);
        string[] lines =
        [
            $"GET /{query} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version: 13", $"Sec-WebSocket-Protocol: {Subprotocols.V1}{(entry is null ? "" : $", {entry}")}", "", "",
        ];
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(string.Join("\r\n", lines)), cancel);
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await _stream.ReadExactlyAsync(one, cancel);
            head.Append((char)one[0]);
        }

        if (!head.ToString().StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
            throw new InvalidOperationException($"The server refuses: {head}");
        _webSocket = WebSocket.CreateFromStream(_stream, new WebSocketCreationOptions { SubProtocol = Subprotocols.V1 });
    }

    public ValueTask SendAsync(string text, CancellationToken cancel) =>
        _webSocket!.SendAsync(Encoding.UTF8.GetBytes(text).AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancel);

    /// <summary>The next message; null if the server has closed.</summary>
    public async Task<byte[]?> ReceiveAsync(CancellationToken cancel)
    {
        using var message = new MemoryStream();
        while (true)
        {
            var part = await _webSocket!.ReceiveAsync(_buffer.AsMemory(), cancel);
            if (part.MessageType == WebSocketMessageType.Close)
                return null;

            message.Write(_buffer, 0, part.Count);
            if (part.EndOfMessage)
                return message.ToArray();
        }
    }

    public void Dispose()
    {
        _webSocket?.Dispose();
        _stream.CloseSocket();
    }

    /// <summary>What goes over the TCP connection, until there is none.</summary>
    private sealed class CutStream(Socket socket) : Stream
    {
        private readonly CancellationTokenSource _broken = new();
        private CutKind _kind;
        private int _bytesIn = int.MaxValue;
        private int _bytesOut = int.MaxValue;

        public bool HasBroken { get; private set; }

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Arm(CutKind kind, int bytesIn, int bytesOut) => (_kind, _bytesIn, _bytesOut) = (kind, bytesIn, bytesOut);

        public ValueTask ConnectAsync(IPEndPoint server, CancellationToken cancel) => socket.ConnectAsync(server, cancel);

        public void CloseSocket()
        {
            socket.Dispose();
            _broken.Dispose();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _broken.Token);
            try
            {
                var read = await socket.ReceiveAsync(buffer[..Math.Min(buffer.Length, Math.Max(_bytesIn, 1))], both.Token);
                if (_bytesIn < read)
                    throw Break();
                if (_bytesIn != int.MaxValue)
                    _bytesIn -= read;
                return read;
            }
            catch (OperationCanceledException e) when (HasBroken)
            {
                throw new IOException("The connection has broken.", e);
            }
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (HasBroken)
                throw new IOException("The connection has broken.");

            var length = Math.Min(buffer.Length, _bytesOut);
            await socket.SendAsync(buffer[..length], cancellationToken);
            if (length < buffer.Length)
                throw Break();
            if (_bytesOut != int.MaxValue)
                _bytesOut -= length;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private IOException Break()
        {
            if (_kind == CutKind.Reset)
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            HasBroken = true;
            _broken.Cancel();
            if (_kind != CutKind.Silence)
                socket.Dispose();
            return new IOException("The connection has broken.");
        }
    }
}
