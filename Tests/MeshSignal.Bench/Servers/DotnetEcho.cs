using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeshSignal.Bench.Servers;

/// <summary>A bare echo on Kestrel: what a WebSocket message costs in .NET before any application does anything with it.</summary>
internal static class DotnetEcho
{
    private const int BufferBytes = 64 * 1024;

    public static int Serve(string port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture)));
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(Echo);
        app.Run();
        return 0;
    }

    private static async Task Echo(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[BufferBytes];
        var length = 0;

        // No token: one that can be cancelled costs a registration at every read and a slower way at every write. A lost connection throws anyway.
        var none = CancellationToken.None;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), none);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, none);
                return;
            }

            length += received.Count;
            if (!received.EndOfMessage) continue;
            await socket.SendAsync(buffer.AsMemory(0, length), received.MessageType, endOfMessage: true, none);
            length = 0;
        }
    }
}
