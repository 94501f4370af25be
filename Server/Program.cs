using MeshSignal.Server.Hosting;
using MeshSignal.Server.Http;
using MeshSignal.Server.Transport.Kestrel;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = args,

    // Settings and page are beside the program, from wherever it is started.
    ContentRootPath = AppContext.BaseDirectory,
    WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot"),
});

// What is wrong with the configuration, all of it at once.
var errors = ConfigurationCheck.Errors(builder.Configuration);
if (errors.Count > 0)
{
    foreach (var error in errors)
        await Console.Error.WriteLineAsync(error);
    return 2;
}

// Log, web server, and everything that a message passes.
Logging.Configure(builder.Logging, builder.Configuration);
WebServer.Configure(builder.WebHost, builder.Configuration);
builder.Services.AddMeshSignal(builder.Configuration);

// A request that wants a WebSocket goes no further than the first line.
var app = builder.Build();
app.Use(app.Services.GetRequiredService<WebSocketEndpoint>().HandleAsync);
WebPage.Use(app);
ServerInfo.Map(app);
Health.Map(app);

StartupLine.Register(app);
await app.RunAsync();
return 0;
