using System.Security.Authentication;
using MeshSignal.Server.Http;
using MeshSignal.Server.Transport.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace MeshSignal.Server.Hosting;

/// <summary>The web server around everything: one port for the sockets, the page, and what operators ask.</summary>
internal static class WebServer
{
    private const string DefaultUrl = "http://localhost:3000";

    /// <summary>Connections that the kernel keeps till they are accepted; it keeps no more than <c>net.core.somaxconn</c>, mostly 4096. By default 512, too few for all who come back at once.</summary>
    private const int Backlog = 4096;

    /// <summary>What a client is given for each step that it has to take before it is somebody.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args,

            // Settings and page are beside the program, from wherever it is started.
            ContentRootPath = AppContext.BaseDirectory,
            WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot"),
        });

        Logging.Configure(builder.Logging, builder.Configuration);
        Configure(builder.WebHost, builder.Configuration);
        builder.Services.AddMeshSignal(builder.Configuration);
        return builder;
    }

    public static WebApplication Build(WebApplicationBuilder builder)
    {
        var app = builder.Build();

        // A request that wants a WebSocket goes no further than this. Routing would come before it by default, and the first socket would wait until its table is made.
        app.Use(app.Services.GetRequiredService<WebSocketEndpoint>().HandleAsync);
        WebPage.Use(app);
        app.UseRouting();
        ServerInfo.Map(app);
        Health.Map(app);
        AdminApi.Map(app);
        StartupLine.Register(app);
        return app;
    }

    /// <summary>The handshake would have 10 s by default.</summary>
    internal static void ConfigureTls(HttpsConnectionAdapterOptions https)
    {
        https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        https.HandshakeTimeout = Patience;
    }

    private static void Configure(ConfigureWebHostBuilder webHost, ConfigurationManager configuration)
    {
        // Only if nobody said otherwise, in whichever of the ways that ASP.NET Core has. "localhost" is both loopback addresses.
        var isSaid = new[] { "urls", "http_ports", "https_ports" }.Any(key => !string.IsNullOrEmpty(configuration[key]))
            || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
        if (!isSaid)
            webHost.UseUrls(DefaultUrl);

        webHost.UseSockets(static sockets => sockets.Backlog = Backlog);
        webHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;

            // A WebSocket over HTTP/2 is an extended CONNECT, which would pass the frame guard by.
            kestrel.ConfigureHttpsDefaults(ConfigureTls);
            kestrel.ConfigureEndpointDefaults(static endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1;
                PendingConnections.Use(endpoint);
            });

            // A handshake is one small request, sent at once.
            kestrel.Limits.MaxRequestHeadersTotalSize = 8 * 1024;
            kestrel.Limits.MaxRequestLineSize = 4 * 1024;
            kestrel.Limits.MaxRequestHeaderCount = 64;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.RequestHeadersTimeout = Patience;

            // Also the time that a socket may stay without any request: 130 s by default, which silent sockets would all use.
            kestrel.Limits.KeepAliveTimeout = Patience;
        });
    }
}
