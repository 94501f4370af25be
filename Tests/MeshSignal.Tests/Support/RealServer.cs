using System.Net;
using System.Net.Sockets;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MeshSignal.Tests.Support;

/// <summary>The third rung: the server as Program starts it, on a port of its own, with the system's clock.</summary>
internal sealed class RealServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly (string Key, string Value)[] _settings;

    private RealServer(WebApplication app, CapturedLog log, (string Key, string Value)[] settings) => (_app, Log, _settings) = (app, log, settings);

    public CapturedLog Log { get; }

    /// <summary>Such as <c>http://127.0.0.1:40123</c>.</summary>
    public string Url => _app.Urls.Single();

    public int Port => new Uri(Url).Port;

    /// <summary>Faults that the test provoked; any other fails it.</summary>
    public int ExpectedErrors { get; set; }

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static Task<RealServer> StartAsync(params (string Key, string Value)[] settings) => StartAsync(static _ => { }, settings);

    /// <param name="replace">Puts a test's own part in the place of one of the server's.</param>
    public static async Task<RealServer> StartAsync(Action<IServiceCollection> replace, params (string Key, string Value)[] settings)
    {
        Secrets.AddSettings(settings);
        var log = new CapturedLog();
        var builder = WebServer.CreateBuilder(["--urls", "http://127.0.0.1:0", "--MeshSignal:Sessions:DrainTime=00:00:00", .. settings.Prepend(Budgets.Ample).Prepend(TestFraming.Setting).Select(setting => $"--{setting.Key}={setting.Value}")]);
        Assert.That(ConfigurationCheck.Errors(builder.Configuration), Is.Empty);

        // All of ours; of the framework's what is printed by default: its lines about requests have the whole URL in them.
        builder.Logging.ClearProviders().AddProvider(log).AddFilter<CapturedLog>(nameof(MeshSignal), LogLevel.Trace).AddFilter<CapturedLog>(nameof(Microsoft), LogLevel.Warning);
        replace(builder.Services);
        var app = WebServer.Build(builder);
        await app.StartAsync();
        return new RealServer(app, log, settings);
    }

    /// <summary>On both loopback addresses, which takes a port chosen beforehand; another one if somebody was faster.</summary>
    public static async Task<RealServer> StartOnLocalhostAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            try
            {
                return await StartAsync(("urls", $"http://localhost:{port}"));
            }
            catch (IOException) when (attempt < 10)
            {
                // Taken meanwhile.
            }
        }
    }

    /// <summary>Opens a socket; nothing has been read from it yet.</summary>
    public Task<TestPeer> OpenAsync(Profile profile, string query = "") => WebSocketClient.OpenPeerAsync(Port, profile, query);

    /// <summary>A v1 peer without chat, greeted.</summary>
    public async Task<TestPeer> ConnectAsync(string name) => await (await OpenAsync(Profile.V1, $"?username={name}")).GreetedAsync(withChat: false);

    /// <summary>A js-chat-server client, greeted.</summary>
    public async Task<TestPeer> ConnectLegacyAsync(string name) => await (await OpenAsync(Profile.Legacy, $"?username={name}")).GreetedAsync(withChat: true);

    /// <summary>As on a signal to terminate.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Secrets.AddSettings(_settings);
        Secrets.Check(Log.Lines);
        Assert.That(Log.Errors.Skip(ExpectedErrors), Is.Empty);
    }
}
