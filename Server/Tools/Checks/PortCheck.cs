using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Tools.Checks;

/// <summary>Whether the server could listen where it is set to, found by doing so for a moment.</summary>
internal static class PortCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static async Task<Finding?> CheckAsync(ListeningAddress address, TimeProvider time)
    {
        if (address.IsUnixSocket || address.Address.Port == 0)
            return null;

        var errors = address.Addresses.Select(ip => Bind(ip, address.Address.Port)).ToArray();
        if (Array.Exists(errors, static error => error == SocketError.AddressAlreadyInUse))
            return await IsMeshSignalAsync(address, time)
                ? Finding.Note($"{address.Url}: a MeshSignal answers there already. What is changed counts when it is started anew.")
                : Finding.Wrong($"{address.Url}: the port is taken by another program. End that, or choose another port.");

        // Where one of the two loopback addresses is missing, the other one does.
        if (Array.Exists(errors, static error => error == SocketError.Success))
            return Finding.Ok($"{address.Url}: the port is free.");
        return Finding.Wrong(errors[0] switch
        {
            SocketError.AddressNotAvailable => $"{address.Url}: this machine has no such address.",
            SocketError.AccessDenied => $"{address.Url}: this user may not listen there. Ports below 1024 take CAP_NET_BIND_SERVICE, or a proxy.",
            var error => $"{address.Url}: one cannot listen there ({error}).",
        });
    }

    private static SocketError Bind(IPAddress address, int port)
    {
        if (address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6)
            address = IPAddress.Any;
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen();
            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    [SuppressMessage("Security", "CA5359:Do Not Disable Certificate Validation", Justification = "This machine asks itself, and by an address; it tells "
        + "nothing.")]
    private static async Task<bool> IsMeshSignalAsync(ListeningAddress address, TimeProvider time)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        using var client = new HttpClient(handler) { MaxResponseContentBufferSize = 4096 };
        using var end = new CancellationTokenSource(Patience, time);
        foreach (var ip in address.Addresses)
        {
            var host = ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : ip;
            try
            {
                var url = new UriBuilder(address.Address.Scheme, host.ToString(), address.Address.Port, "/health/live").Uri;
                if (await client.GetStringAsync(url, end.Token) == "live")
                    return true;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // Another one, or none.
            }
        }

        return false;
    }
}
