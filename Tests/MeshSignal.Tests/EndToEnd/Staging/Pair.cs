using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd.Staging;

/// <summary>A server with two peers in the room <c>demo</c>, alice first, who have read all that there was to read. Neither has chat.</summary>
internal sealed class Pair : IAsyncDisposable
{
    private Pair(TestServer server, TestPeer alice, TestPeer bob) => (Server, Alice, Bob) = (server, alice, bob);

    public TestServer Server { get; }

    public TestPeer Alice { get; }

    public TestPeer Bob { get; }

    public static Task<Pair> InCallAsync(params (string Key, string Value)[] settings) => InCallAsync(Profile.V1, Profile.V1, settings);

    public static async Task<Pair> InCallAsync(Profile alice, Profile bob, params (string Key, string Value)[] settings)
    {
        var server = await TestServer.StartAsync(settings);
        var pair = new Pair(server, await ConnectAsync(server, "alice", alice), await ConnectAsync(server, "bob", bob));
        await pair.Alice.JoinAsync("demo");
        await pair.JoinBobAsync();
        return pair;
    }

    /// <summary>Lets bob join, and both read of it.</summary>
    public async Task JoinBobAsync()
    {
        await Bob.JoinAsync("demo");
        await Alice.ExpectAsync(MessageTypes.PeerJoined);
    }

    public async ValueTask DisposeAsync()
    {
        Alice.Dispose();
        Bob.Dispose();
        await Server.DisposeAsync();
    }

    private static Task<TestPeer> ConnectAsync(TestServer server, string name, Profile profile) =>
        profile == Profile.V1 ? server.ConnectAsync(name) : server.ConnectLegacyAsync(name, chat: false);
}
