using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MeshSignal.Tests.Support;

/// <summary>A peer made of bytes: it can break every rule that a library keeps, and sees every byte that comes back.</summary>
internal sealed class RawSocket : IDisposable
{
    // RFC 6455 section 1.3, its own example.
    public const string ExampleKey = "dGhlIHNhbXBsZSBub25jZQ==";
    public const string ExampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private readonly Socket _socket;
    private readonly BufferedStream _input;

    private RawSocket(Socket socket) => (_socket, _input) = (socket, new BufferedStream(new NetworkStream(socket)));

    /// <param name="receiveBuffer">Bytes that the kernel may keep for a peer that does not read; 0 for its default.</param>
    /// <param name="from">The address of this machine that it comes from, in place of the usual one. One that is not loopback is also where it goes.</param>
    public static async Task<RawSocket> ConnectAsync(int port, int receiveBuffer = 0, string? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer > 0)
            socket.ReceiveBufferSize = receiveBuffer;
        var source = from is null ? IPAddress.Loopback : IPAddress.Parse(from);
        if (from is not null)
            socket.Bind(new IPEndPoint(source, 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.IsLoopback(source) ? IPAddress.Loopback : source, port));
        return new RawSocket(socket);
    }

    /// <summary>A v1 peer whose greeting has been read.</summary>
    public static async Task<RawSocket> OpenAsync(int port, string query = "", int receiveBuffer = 0)
    {
        var socket = await ConnectAsync(port, receiveBuffer);
        var response = await socket.RequestAsync($"GET /{query} HTTP/1.1", [.. UpgradeFields, "Sec-WebSocket-Protocol: meshsignal.v1"]);
        Assert.That(response.Status, Is.EqualTo(101), response.Head);
        socket.Token = JsonElement(await socket.ReadFrameAsync(), "session-token").Text("token");
        JsonElement(await socket.ReadFrameAsync(), "heartbeat-config");
        return socket;
    }

    /// <summary>A valid upgrade, field by field.</summary>
    public static IReadOnlyList<string> UpgradeFields { get; } =
        ["Host: localhost", "Upgrade: websocket", "Connection: Upgrade", $"Sec-WebSocket-Key: {ExampleKey}", "Sec-WebSocket-Version: 13"];

    public string Token { get; private set; } = "";

    public async Task<RawResponse> RequestAsync(string requestLine, IEnumerable<string> fields, string body = "")
    {
        await SendAsync(Encoding.Latin1.GetBytes(string.Join("\r\n", [requestLine, .. fields, "", body])));
        return await ReadResponseAsync();
    }

    public async Task SendAsync(byte[] bytes) => await _socket.SendAsync(bytes).WaitAsync(TestPeer.Timeout);

    /// <summary>Ends our direction only.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    public async Task<RawResponse> ReadResponseAsync()
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append((char)(await ReadAsync(1))[0]);

        var response = new RawResponse(head.ToString());
        return response with { Body = Encoding.UTF8.GetString(await ReadAsync(int.Parse(response.Field("Content-Length") ?? "0", null))) };
    }

    public async Task<ServerFrame> ReadFrameAsync()
    {
        var header = await ReadAsync(2);
        Assert.That(header[1] & 0x80, Is.Zero, "a server's frames are not masked");
        var length = header[1] switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(2)),
            127 => (int)BinaryPrimitives.ReadUInt64BigEndian(await ReadAsync(8)),
            var small => small,
        };
        return new ServerFrame(header[0], await ReadAsync(length));
    }

    /// <summary>The Close frame; frames before it are passed over.</summary>
    public async Task<ServerFrame> ReadCloseAsync()
    {
        while (true)
        {
            var frame = await ReadFrameAsync();
            if (frame.Opcode == ClientFrame.Close)
                return frame;
        }
    }

    /// <summary>Reads to the end of the connection, and gives how many bytes that were. A reset is an end too.</summary>
    public async Task<int> ReadToEndAsync()
    {
        var count = 0;
        var buffer = new byte[4096];
        try
        {
            while (await _input.ReadAsync(buffer).AsTask().WaitAsync(TestPeer.Timeout) is > 0 and var read)
                count += read;
        }
        catch (IOException)
        {
            // Reset.
        }

        return count;
    }

    public void Dispose()
    {
        _input.Dispose();
        _socket.Dispose();
    }

    private static System.Text.Json.JsonElement JsonElement(ServerFrame frame, string type)
    {
        var message = System.Text.Json.JsonElement.Parse(frame.Text);
        Assert.That(message.Text("type"), Is.EqualTo(type));
        return message;
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await _input.ReadExactlyAsync(bytes).AsTask().WaitAsync(TestPeer.Timeout);
        return bytes;
    }
}

/// <param name="Head">Status line and fields.</param>
internal sealed record RawResponse(string Head, string Body = "")
{
    public int Status => int.Parse(Head.Split(' ')[1], null);

    /// <summary>Null if it is not there.</summary>
    public string? Field(string name) => Head.Split("\r\n")
        .Where(line => line.StartsWith($"{name}:", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim())
        .FirstOrDefault();
}
