namespace MeshSignal.Tests.Support;

/// <summary>The client's end of a socket, in memory or real.</summary>
internal interface IClientSocket : IDisposable
{
    Task SendAsync(string text);

    /// <summary>The next message, or the end.</summary>
    Task<ClientReceived> ReceiveAsync();

    /// <summary>Sends a Close frame.</summary>
    Task CloseAsync();

    /// <summary>Goes away without one.</summary>
    void Abort();
}

/// <param name="Text">A message; null at the end.</param>
/// <param name="CloseCode">The server's; 1006, as browsers say, if there was none.</param>
internal readonly record struct ClientReceived(string? Text, int CloseCode = 0, string CloseReason = "")
{
    public const int NoClose = 1006;
}

internal static class ClientSockets
{
    /// <summary>As <see cref="IClientSocket.ReceiveAsync"/>, but does not wait for ever.</summary>
    public static Task<ClientReceived> ReceiveInTimeAsync(this IClientSocket socket) => socket.ReceiveAsync().WaitAsync(TestPeer.Timeout);
}
