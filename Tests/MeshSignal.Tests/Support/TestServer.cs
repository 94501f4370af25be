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
    private readonly List<Task> _connections = [];

    private TestServer(IHost host, FakeClock clock, CapturedLog log) => (_host, Clock, Log) = (host, clock, log);

    public FakeClock Clock { get; }

    public CapturedLog Log { get; }

    /// <summary>Faults that the test provoked; any other fails it.</summary>
    public int ExpectedErrors { get; set; }

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public static async Task<TestServer> StartAsync(params (string Key, string Value)[] settings)
    {
        var (clock, log) = (new FakeClock(), new CapturedLog());
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddMeshSignal(builder.Configuration);
        var host = builder.Build();
        await host.StartAsync();
        return new TestServer(host, clock, log);
    }

    /// <summary>Opens a socket; nothing has been read from it yet.</summary>
    public TestPeer Open(ConnectionRequest request)
    {
        var socket = new InMemorySocket(Get<MeshSignalOptions>().Limits, Clock);
        lock (_connections)
            _connections.Add(Task.Run(() => Get<ConnectionHandler>().RunAsync(socket, request)));
        return new TestPeer(socket, request.Profile);
    }

    /// <summary>A v1 peer, without chat unless asked for, greeted.</summary>
    public Task<TestPeer> ConnectAsync(string? name, string? room = null, bool chat = false) =>
        Open(new ConnectionRequest(Profile.V1, name, room, chat ? "on" : null)).GreetedAsync(chat);

    /// <summary>A js-chat-server client, greeted.</summary>
    public Task<TestPeer> ConnectLegacyAsync(string? name, string? room = null, bool chat = true) =>
        Open(new ConnectionRequest(Profile.Legacy, name, room, chat ? null : "off")).GreetedAsync(chat);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await Task.WhenAll(_connections).WaitAsync(TestPeer.Timeout);
        _host.Dispose();
        Assert.That(Log.Errors.Skip(ExpectedErrors), Is.Empty);
    }
}
