using System.Globalization;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Settings.Configuration;

namespace MeshSignal.Server.Hosting;

/// <summary>Serilog behind <c>ILogger</c>, as the section <c>Serilog</c> of the configuration says; without it, text on the console.</summary>
internal static class Logging
{
    private const string Template = "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}";

    // To look for sinks among all assemblies takes a tenth of the start (bench: start); for levels none is needed.
    private static readonly ConfigurationReaderOptions WithoutSinks = new(typeof(LoggerConfiguration).Assembly);

    public static void Configure(ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.ClearProviders();

        // Serilog's levels decide; the other filter lets all pass. Created when it is needed, so that what is wrong with the section is told like other errors.
        logging.AddFilter<SerilogLoggerProvider>(null, LogLevel.Trace);

        // It would log every URL. And as long as it may log anything, each request has an activity and a scope, which a socket keeps while it is open: half a KiB of the heap.
        logging.AddFilter<SerilogLoggerProvider>("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        logging.Services.AddSingleton<ILoggerProvider>(_ => new SerilogLoggerProvider(Read(configuration).CreateLogger(), dispose: true));
    }

    /// <exception cref="Exception">The section cannot be understood; which exceptions there are, Serilog does not say.</exception>
    public static LoggerConfiguration Read(IConfiguration configuration)
    {
        var section = configuration.GetSection("Serilog");
        var serilog = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)

            // It logs what it then throws, and Program says that in one sentence.
            .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LogEventLevel.Fatal)
            .ReadFrom.Configuration(configuration, IsAboutLevelsOnly(section) ? WithoutSinks : new ConfigurationReaderOptions());
        if (!section.GetSection("WriteTo").GetChildren().Any())
            serilog.WriteTo.Console(outputTemplate: Template, formatProvider: CultureInfo.InvariantCulture);
        return serilog;
    }

    private static bool IsAboutLevelsOnly(IConfigurationSection section) => section.GetChildren().All(static child => child.Key.Equals("MinimumLevel", StringComparison.OrdinalIgnoreCase));
}
