using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Sessions;
using Microsoft.Extensions.DependencyInjection;

namespace MeshSignal.Tests.Support;

/// <summary>A server with two peers in the room <c>demo</c>, alice first, who have read all that there was to read. Neither has chat.</summary>
internal sealed class Pair : IAsyncDisposable
{
    private Pair(TestServer server, TestPeer alice, TestPeer bob) => (Server, Alice, Bob) = (server, alice, bob);

    public TestServer Server { get; }

    public TestPeer Alice { get; }

    public TestPeer Bob { get; }

    public static Task<Pair> InCallAsync(params (string Key, string Value)[] settings) => InCallAsync(Profile.V1, Profile.V1, settings);

    /// <param name="replace">Puts a test's own part in the place of one of the server's.</param>
    public static async Task<Pair> InCallAsync(Action<IServiceCollection, FakeClock> replace) =>
        await InCallAsync(await TestServer.StartAsync(replace), Profile.V1, Profile.V1);

    public static async Task<Pair> InCallAsync(Profile alice, Profile bob, params (string Key, string Value)[] settings) =>
        await InCallAsync(await TestServer.StartAsync(settings), alice, bob);

    /// <summary>Both v1, and who they are is proven before they join.</summary>
    public static async Task<Pair> InCallAsync(Identity alice, Identity bob, params (string Key, string Value)[] settings)
    {
        var pair = await ConnectAsync(await TestServer.StartAsync(settings), Profile.V1, Profile.V1);
        foreach (var session in pair.Server.Get<SessionStore>().All)
            session.Identity = session.Username.Value == pair.Alice.Name ? alice : bob;
        return await pair.JoinAsync();
    }

    /// <summary>Lets bob join, and both read of it.</summary>
    public async Task JoinBobAsync()
    {
        await Bob.JoinAsync("demo");
        await Alice.ExpectAsync(MessageTypes.PeerJoined);
    }

    /// <summary>Lets a third peer join, and all read of it.</summary>
    public async Task<TestPeer> AddAsync(string name, Profile profile = Profile.V1)
    {
        var third = await ConnectAsync(Server, name, profile);
        await third.JoinAsync("demo");
        await Alice.ExpectAsync(MessageTypes.PeerJoined);
        await Bob.ExpectAsync(MessageTypes.PeerJoined);
        return third;
    }

    /// <summary>An offer of alice's that bob answers.</summary>
    public async Task NegotiateAsync()
    {
        await Alice.OfferAsync("bob");
        await Bob.ExpectAsync(MessageTypes.Offer);
        await Bob.AnswerAsync("alice");
        await Alice.ExpectAsync(MessageTypes.Answer);
    }

    public async ValueTask DisposeAsync()
    {
        Alice.Dispose();
        Bob.Dispose();
        await Server.DisposeAsync();
    }

    private static async Task<Pair> InCallAsync(TestServer server, Profile alice, Profile bob) => await (await ConnectAsync(server, alice, bob)).JoinAsync();

    private static async Task<Pair> ConnectAsync(TestServer server, Profile alice, Profile bob) =>
        new(server, await ConnectAsync(server, "alice", alice), await ConnectAsync(server, "bob", bob));

    private async Task<Pair> JoinAsync()
    {
        await Alice.JoinAsync("demo");
        await JoinBobAsync();
        return this;
    }

    private static Task<TestPeer> ConnectAsync(TestServer server, string name, Profile profile) =>
        profile == Profile.V1 ? server.ConnectAsync(name) : server.ConnectLegacyAsync(name, chat: false);
}
