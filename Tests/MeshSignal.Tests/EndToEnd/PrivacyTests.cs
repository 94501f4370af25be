using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>No log line holds a token, a description, a candidate or a password, whatever the level.</summary>
internal sealed class PrivacyTests
{
    private const string Secret = "s3cr3t";

    [Test]
    public async Task Nothing_that_is_nobodys_business_is_logged()
    {
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster), ("MeshSignal:Chat:MessagesPerSecond", "1000"));
        using var alice = await server.ConnectAsync("alice", chat: true);
        using var bob = await server.ConnectLegacyAsync("bob");
        using var carol = await server.ConnectAsync("carol");
        var peers = new[] { alice, bob, carol };
        foreach (var peer in peers)
        {
            await peer.SendAsync(MessageTypes.Join, new { id = Secret });
            await peer.SettleAsync();
        }

        await RelayEverythingAsync(peers);
        cluster.ThrowsFor = session => session.Username.Value == "carol";
        await RelayEverythingAsync([alice]); // Each of these fails inside a handler, and that is logged.
        cluster.ThrowsFor = _ => false;
        await MisbehaveAsync(bob);
        await MisbehaveAsync(alice);
        using var refused = server.Open(new ConnectionRequest(Profile.Legacy, "alice", Chat: Secret));
        await refused.ExpectCloseAsync();
        for (var i = 0; i < 20; i++)
            await carol.SendAsync(MessageTypes.Leave, new { token = Secret });
        await carol.ExpectCloseAsync();
        await bob.CloseAsync();
        await bob.ExpectCloseAsync();
        await server.StopAsync();

        server.ExpectedErrors = server.Log.Errors.Count();
        Assert.That(server.ExpectedErrors, Is.GreaterThan(0), "the faults were logged");
        Assert.That(server.Log.Lines.Count(), Is.GreaterThan(6), "sessions come and go in the log");
        Assert.That(server.Log.Lines, Is.All.Not.Contains(Secret));
        foreach (var peer in peers)
            Assert.That(server.Log.Lines, Is.All.Not.Contains(peer.Token).And.All.Not.Contains(peer.Token.ToUpperInvariant()));
    }

    private static async Task RelayEverythingAsync(TestPeer[] peers)
    {
        foreach (var peer in peers)
        {
            foreach (var to in new[] { "alice", "bob", "carol", Secret })
            {
                await peer.CandidateAsync(to, $"candidate:1 1 udp 1 {Secret} 9 typ host", buffer: true, id: Secret);
                await peer.OfferAsync(to, $"v=0 {Secret}", id: Secret);
                await peer.CandidateAsync(to, $"candidate:2 1 udp 1 {Secret} 9 typ host");
                await peer.AnswerAsync(to, $"v=0 {Secret}");
                await peer.SendAsync(MessageTypes.Signal, new { targetUsername = to, signal = Secret });
            }

            await peer.SettleAsync();
        }
    }

    private static async Task MisbehaveAsync(TestPeer peer)
    {
        foreach (var line in new[] { $"/login alice {Secret}", $"/register alice {Secret}", $"/{Secret}", $"hello {Secret}", $"/nick {Secret}!" })
            await peer.SayAsync(line);
        await peer.SendRawAsync(Secret);
        await peer.SendRawAsync($$"""{"type":"{{Secret}}","token":"{{Secret}}"}""");
        await peer.SendRawAsync($$"""{"type":"chat","token":"{{peer.Token}}","content":{"{{Secret}}":1} }""");
        await peer.SendRawAsync($$"""{"type":"chat","token":"{{Secret}}","content":"{{Secret}}"}""");
        await peer.SendAsync(MessageTypes.Join, new { room = $"{Secret} {Secret}", previousPeerId = Secret });
        await peer.SettleAsync();
    }
}
