using System.Net.WebSockets;
using System.Text;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Support;

/// <summary>The client's end of a real socket.</summary>
internal sealed class WebSocketClient : IClientSocket
{
    private readonly ClientWebSocket _webSocket = new();

    private WebSocketClient()
    {
    }

    public static async Task<WebSocketClient> ConnectAsync(Uri url, Profile profile)
    {
        var client = new WebSocketClient();
        if (profile == Profile.V1)
            client._webSocket.Options.AddSubProtocol(Subprotocols.V1);
        await client._webSocket.ConnectAsync(url, CancellationToken.None);
        return client;
    }

    /// <summary>Opens a socket as a peer; nothing has been read from it yet.</summary>
    public static async Task<TestPeer> OpenPeerAsync(int port, Profile profile, string query) =>
        new(await ConnectAsync(new Uri($"ws://127.0.0.1:{port}/{query}"), profile), profile);

    public Task SendAsync(string text) =>
        _webSocket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    public async Task<ClientReceived> ReceiveAsync()
    {
        using var message = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var part = await _webSocket.ReceiveAsync(buffer, CancellationToken.None);
                if (part.MessageType == WebSocketMessageType.Close)
                    return new ClientReceived(null, (int)_webSocket.CloseStatus!, _webSocket.CloseStatusDescription ?? "");

                message.Write(buffer, 0, part.Count);
                if (part.EndOfMessage)
                    return new ClientReceived(Encoding.UTF8.GetString(message.ToArray()));
            }
        }
        catch (WebSocketException)
        {
            return new ClientReceived(null, ClientReceived.NoClose);
        }
    }

    public Task CloseAsync() => _webSocket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);

    public void Abort() => _webSocket.Abort();

    public void Dispose() => _webSocket.Dispose();
}
