using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>No log line holds a token, a description, a candidate or a password, whatever the level.</summary>
internal sealed class PrivacyTests
{
    private const string Secret = "s3cr3t";

    [Test]
    public async Task Nothing_that_is_nobodys_business_is_logged()
    {
        await CheckAsync(("MeshSignal:Chat:MessagesPerSecond", "1000"));
    }

    /// <summary>The relay policy says of much more that it was refused.</summary>
    [Test]
    public async Task Nor_where_calls_must_be_relayed() =>
        await CheckAsync(RelayRoom.SettingsWith(("MeshSignal:Chat:MessagesPerSecond", "1000"), ("MeshSignal:Ice:TurnSecret", $"{Secret}-of-the-turn-server")));

    /// <summary>Neither what the TURN server shares with this one, nor what is made of it for each peer.</summary>
    [Test]
    public async Task No_TURN_secret_and_no_credential_is_logged()
    {
        var file = Path.Combine(Path.GetTempPath(), $"meshsignal-{Guid.NewGuid():N}.secret");
        await File.WriteAllTextAsync(file, $"{Secret}-of-the-turn-server\n");
        await using var server = await TestServer.StartAsync(
            FaultyCluster.Replacing(out var cluster),
            ("MeshSignal:Ice:TurnUrls:0", RelayRoom.TurnUrl), ("MeshSignal:Ice:TurnSecretFile", file), ("MeshSignal:Ice:CredentialTtl", "00:01:00"),
            ("MeshSignal:Ice:StaticServers:0:Urls:0", "turn:b"),
            ("MeshSignal:Ice:StaticServers:0:Username", Secret),
            ("MeshSignal:Ice:StaticServers:0:Credential", Secret));
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectLegacyAsync("bob", chat: false);
        await bob.JoinAsync("demo");
        await alice.JoinAsync("demo");
        await bob.ExpectAsync(MessageTypes.PeerJoined);
        await alice.SendAsync(MessageTypes.IceServers);
        await alice.ExpectAsync(MessageTypes.IceServers);
        server.Advance(TimeSpan.FromSeconds(48), alice, bob);
        await alice.ExpectAsync(MessageTypes.IceServers);

        // What fails while they are on their way is logged.
        cluster.ThrowsFor = _ => true;
        await alice.SendAsync(MessageTypes.IceServers, new { id = 1 });
        await alice.ExpectErrorAsync(ErrorCode.Internal, 1);
        cluster.ThrowsFor = _ => false;
        foreach (var content in new[] { $"{Secret}-of-another-turn-server", Secret, $"{Secret}\n{Secret}\n{Secret}" })
        {
            await File.WriteAllTextAsync(file, content);
            server.Advance(TimeSpan.FromSeconds(2), alice, bob);
        }

        File.Delete(file);
        server.Advance(TimeSpan.FromSeconds(2), alice, bob);

        server.ExpectedErrors = server.Log.Errors.Count();
        Assert.That(server.ExpectedErrors, Is.EqualTo(4), "a fault, and three of the file");
        Assert.That(server.Log.Lines, Is.All.Not.Contains(Secret));
        var told = alice.Received.Concat(bob.Received).SelectMany(IceServers).Where(iceServer => iceServer.Text("username") != Secret).ToList();
        Assert.That(told, Has.Count.EqualTo(5), "told at two joins, by a newcomer, on request, and in time");
        foreach (var iceServer in told)
            Assert.That(server.Log.Lines, Is.All.Not.Contains(iceServer.Text("credential")).And.All.Not.Contains(iceServer.Text("username")));
    }

    private static IEnumerable<JsonElement> IceServers(JsonElement message)
    {
        var parent = message.Has("config") ? message.GetProperty("config") : message;
        return parent.Has("iceServers") ? parent.GetProperty("iceServers").EnumerateArray() : [];
    }

    private static async Task CheckAsync(params (string Key, string Value)[] settings)
    {
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster), settings);
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
                await peer.OfferAsync(to, $"v=0\r\na=mid:{Secret}\r\n", id: Secret);
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
