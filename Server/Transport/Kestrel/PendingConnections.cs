using System.Text;
using MeshSignal.Server.Policy;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>
/// Counts connections from the moment they are accepted, before TLS, until they become a socket or end: each may send its request byte by byte for as long as Kestrel lets it,
/// and each byte wakes a thread. Those beyond the limit are answered before anything of theirs is read.
/// </summary>
internal sealed class PendingConnections(Entrance entrance, AcceptBatches accepts, TimeProvider time)
{
    // As long as a request may take, after which others have gone.
    private static readonly byte[] Refusal = Encoding.ASCII.GetBytes("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

    // A connection that is closed while its request is on the way is reset, and on some systems the answer is lost with it. Clients close when they have read it.
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(1);

    /// <summary>For what is added to every endpoint: only that comes before TLS.</summary>
    public static void Use(ListenOptions endpoint) => endpoint.Use(next =>
    {
        var pending = endpoint.ApplicationServices.GetRequiredService<PendingConnections>();

        // Told only by how it prints itself. By now all is known of it, from the settings too.
        var isTls = endpoint.ToString()?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true;
        return connection => pending.ServeAsync(connection, isTls, next);
    });

    private Task ServeAsync(ConnectionContext connection, bool isTls, ConnectionDelegate next) =>
        entrance.LimitedAddress(connection.RemoteEndPoint) is { } address ? ServeAsync(connection, address, isTls, next) : next(connection);

    private async Task ServeAsync(ConnectionContext connection, ClientAddress address, bool isTls, ConnectionDelegate next)
    {
        using var place = entrance.EnterPending(address);
        if (place.Verdict == ConnectionVerdict.Flood)
            accepts.CountRefusal();
        if (place.Verdict == ConnectionVerdict.Ok)
        {
            connection.Features.Set(place);
            await next(connection);
        }
        else if (!isTls)
        {
            await connection.Transport.Output.WriteAsync(Refusal);
            if (place.Verdict != ConnectionVerdict.Flood)
                await Task.Delay(LingerTime, time, connection.ConnectionClosed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }
}
