using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshSignal.Tests.Support;

/// <summary>The second rung: the real composition root, with sockets in memory and a clock that the test moves.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly (string Key, string Value)[] _settings;
    private readonly List<Task> _connections = [];

    private TestServer(IHost host, FakeClock clock, CapturedLog log, (string Key, string Value)[] settings) => (_host, Clock, Log, _settings) = (host, clock, log, settings);

    public FakeClock Clock { get; }

    public CapturedLog Log { get; }

    /// <summary>Faults that the test provoked; any other fails it.</summary>
    public int ExpectedErrors { get; set; }

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public static Task<TestServer> StartAsync(params (string Key, string Value)[] settings) => StartAsync((_, _) => { }, settings);

    /// <param name="replace">Puts a test's own part in the place of one of the server's.</param>
    public static async Task<TestServer> StartAsync(Action<IServiceCollection, FakeClock> replace, params (string Key, string Value)[] settings)
    {
        Secrets.AddSettings(settings);
        var (clock, log) = (new FakeClock(), new CapturedLog());
        clock.Advance(TimeSpan.FromTicks(1)); // No real clock reads zero, which stands for "never" in places.
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("MeshSignal:Sessions:DrainTime", (string?)"00:00:00")]); // Nobody moves the clock meanwhile.
        foreach (var layer in new[] { [Budgets.Ample], settings })
            builder.Configuration.AddInMemoryCollection(layer.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddMeshSignal(builder.Configuration);
        replace(builder.Services, clock);
        var host = builder.Build();
        await host.StartAsync();
        return new TestServer(host, clock, log, settings);
    }

    /// <summary>Opens a socket; nothing has been read from it yet.</summary>
    public TestPeer Open(ConnectionRequest request)
    {
        var socket = new InMemorySocket(Get<MeshSignalOptions>().Limits, Clock);
        var served = Task.Run(() => Get<ConnectionHandler>().RunAsync(socket, request));
        lock (_connections)
            _connections.Add(served);
        return new TestPeer(socket, request.Profile) { Served = served };
    }

    /// <summary>A v1 peer, without chat unless asked for, greeted.</summary>
    public Task<TestPeer> ConnectAsync(string? name, string? room = null, bool chat = false) =>
        Open(new ConnectionRequest(Profile.V1, name, room, chat ? "on" : null)).GreetedAsync(chat);

    /// <summary>A js-chat-server client, greeted.</summary>
    public Task<TestPeer> ConnectLegacyAsync(string? name, string? room = null, bool chat = true) =>
        Open(new ConnectionRequest(Profile.Legacy, name, room, chat ? null : "off")).GreetedAsync(chat);

    /// <summary>Lets time pass second by second, in which these peers show that they are alive, as every browser's socket does.</summary>
    public void Advance(TimeSpan span, params ReadOnlySpan<TestPeer> alive)
    {
        for (var left = span; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(1))
        {
            foreach (var peer in alive)
                peer.InMemory.Pong();
            Clock.Advance(left < TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Stops the host, as a service manager does.</summary>
    public Task StopAsync() => _host.StopAsync();

    /// <summary>Waits until every socket's handler has returned, which takes that every peer is gone.</summary>
    public Task WhenAllGoneAsync()
    {
        lock (_connections)
            return Task.WhenAll(_connections).WaitAsync(TestPeer.Timeout);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await WhenAllGoneAsync();
        _host.Dispose();
        Secrets.AddSettings(_settings);
        Secrets.Check(Log.Lines);
        Assert.That(Log.Errors.Skip(ExpectedErrors), Is.Empty);
    }
}
