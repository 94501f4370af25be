using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MeshSignal.Server.Hosting;

/// <summary>Kestrel, set up for a server whose requests are small and whose sockets are WebSockets.</summary>
internal static class WebServer
{
    private const string DefaultUrl = "http://localhost:3000";

    public static void Configure(ConfigureWebHostBuilder webHost, ConfigurationManager configuration)
    {
        // Only if nobody said otherwise, in whichever of the ways that ASP.NET Core has. "localhost" is both loopback addresses.
        var isSaid = new[] { "urls", "http_ports", "https_ports" }.Any(key => !string.IsNullOrEmpty(configuration[key]))
            || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
        if (!isSaid)
            webHost.UseUrls(DefaultUrl);

        webHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;

            // A WebSocket over HTTP/2 is an extended CONNECT, which would pass the frame guard by.
            kestrel.ConfigureEndpointDefaults(static endpoint => endpoint.Protocols = HttpProtocols.Http1);

            // A handshake is one small request, sent at once.
            kestrel.Limits.MaxRequestHeadersTotalSize = 8 * 1024;
            kestrel.Limits.MaxRequestLineSize = 4 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = 64;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);

            // Also the time that a socket may stay without any request: 130 s by default, which silent sockets would all use.
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(5);
        });
    }
}
