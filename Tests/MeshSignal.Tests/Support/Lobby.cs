
namespace MeshSignal.Tests.Support;

/// <summary>A server with two js-chat-server clients on it, Alice and Bob, who have read all that there was to read.</summary>
internal sealed class Lobby : IAsyncDisposable
{
    private Lobby(TestServer server, TestPeer alice, TestPeer bob) => (Server, Alice, Bob) = (server, alice, bob);

    public TestServer Server { get; }

    public TestPeer Alice { get; }

    public TestPeer Bob { get; }

    public static async Task<Lobby> OpenAsync(params (string Key, string Value)[] settings)
    {
        var server = await TestServer.StartAsync([.. settings, ("MeshSignal:Chat:MessagesPerSecond", "1000")]);
        var alice = await server.ConnectLegacyAsync("Alice");
        var bob = await server.ConnectLegacyAsync("Bob");
        await alice.ExpectSystemAsync("Bob has joined.");
        return new Lobby(server, alice, bob);
    }

    public async ValueTask DisposeAsync()
    {
        Alice.Dispose();
        Bob.Dispose();
        await Server.DisposeAsync();
    }
}
