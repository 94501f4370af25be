using System.Globalization;
using Serilog;
using Serilog.Events;

namespace MeshSignal.Server.Hosting;

/// <summary>Serilog behind <c>ILogger</c>, as the section <c>Serilog</c> of the configuration says; without it, text on the console.</summary>
internal static class Logging
{
    private const string Template = "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}";

    public static void Configure(ILoggingBuilder logging, IConfiguration configuration)
    {
        var serilog = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)

            // It logs what it then throws, and Program says that in one sentence.
            .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LogEventLevel.Fatal)
            .ReadFrom.Configuration(configuration);
        if (!configuration.GetSection("Serilog:WriteTo").GetChildren().Any())
            serilog.WriteTo.Console(outputTemplate: Template, formatProvider: CultureInfo.InvariantCulture);

        logging.ClearProviders();
        logging.AddSerilog(serilog.CreateLogger(), dispose: true);
    }
}
