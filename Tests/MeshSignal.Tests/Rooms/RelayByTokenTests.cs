using System.Text;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Rooms;
using MeshSignal.Tests.Moderation;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>Somebody whose join token says so is under the relay policy in every room, and so is whoever talks to it; the others are not.</summary>
internal sealed class RelayByTokenTests
{
    private static readonly Identity Hidden = new() { MustRelay = true };

    private static readonly (string, string)[] Settings =
        RelayRoom.SettingsWith(("MeshSignal:Calls:ForceRelay", "false"), ("MeshSignal:Ice:StunUrls:0", "stun:stun.example.org"));

    [Test]
    public async Task No_address_passes_between_it_and_others_in_either_direction()
    {
        await using var call = await Pair.InCallAsync(Hidden, Identity.Anonymous, Settings);
        await call.NegotiateAsync();

        foreach (var (from, to, other) in new[] { (call.Alice, call.Bob, "bob"), (call.Bob, call.Alice, "alice") })
        {
            await from.CandidateAsync(other, RelayRoom.Host, id: 1);
            await from.ExpectErrorAsync(ErrorCode.RelayPolicy, 1);
            await from.CandidateAsync(other, RelayRoom.Relay(1));
            await to.ExpectCandidateAsync(from.Name, RelayRoom.Relay(1));
            await from.OfferAsync(other, $"v=0\r\nc=IN IP4 192.168.1.7\r\nm=audio 9 RTP/AVP 0\r\na={RelayRoom.Host}\r\n");
            var sdp = (await to.ExpectAsync(MessageTypes.Offer)).GetProperty("offer").Text("sdp");
            Assert.That(sdp, Is.EqualTo("v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 9 RTP/AVP 0\r\n"));
            Assert.That((await from.ExpectErrorAsync(ErrorCode.RelayPolicy)).Text("reason"), Is.EqualTo("type"));
            await from.SendAsync(MessageTypes.Signal, new { targetUsername = other, signal = "192.168.1.7" });
            Assert.That((await from.ExpectErrorAsync(ErrorCode.RelayPolicy)).Text("reason"), Is.EqualTo("malformed"));
        }
    }

    [Test]
    public async Task Between_two_others_everything_passes()
    {
        await using var call = await Pair.InCallAsync(Hidden, Identity.Anonymous, Settings);
        using var carol = await call.AddAsync("carol");

        await call.Bob.OfferAsync("carol", "v=0\r\nc=IN IP4 192.168.1.7\r\n");
        await call.Bob.CandidateAsync("carol", RelayRoom.Host);
        Assert.That((await carol.ExpectAsync(MessageTypes.Offer)).GetProperty("offer").Text("sdp"), Does.Contain("192.168.1.7"));
        await carol.ExpectCandidateAsync("bob", RelayRoom.Host);
        await carol.AnswerAsync("bob");
        await carol.CandidateAsync("bob", RelayRoom.Host);
        await call.Bob.ExpectAsync(MessageTypes.Answer);
        await call.Bob.ExpectCandidateAsync("carol", RelayRoom.Host);

        await carol.OfferAsync("alice");
        await carol.CandidateAsync("alice", RelayRoom.Host, id: 1);
        await carol.ExpectErrorAsync(ErrorCode.RelayPolicy, 1);
        await call.Alice.ExpectAsync(MessageTypes.Offer);
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task It_is_told_to_use_relays_and_others_are_not()
    {
        await using var call = await Pair.InCallAsync(Hidden, Identity.Anonymous, Settings);

        var (alice, bob) = (Joined(call.Alice), Joined(call.Bob));

        Assert.That(Told(alice), Is.EqualTo((true, "relay", RelayRoom.TurnUrl)));
        Assert.That(Told(bob), Is.EqualTo((false, "all", $"stun:stun.example.org {RelayRoom.TurnUrl}")));
        foreach (var (peer, urls) in new[] { (call.Alice, RelayRoom.TurnUrl), (call.Bob, $"stun:stun.example.org {RelayRoom.TurnUrl}") })
        {
            await peer.SendAsync(MessageTypes.IceServers);
            Assert.That(Urls(await peer.ExpectAsync(MessageTypes.IceServers)), Is.EqualTo(urls));
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task What_waits_is_judged_by_the_same_two(bool isHidden)
    {
        await using var call = await Pair.InCallAsync(Identity.Anonymous, isHidden ? Hidden : Identity.Anonymous, Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.SettleAsync();
        var candidate = new IceCandidate(Encoding.UTF8.GetBytes($$"""{"candidate":"{{RelayRoom.Liar}}"}"""));
        var smuggled = new CandidateMessage(candidate, Buffer: false) { TargetUsername = "bob" };
        var (alice, bob) = (call.Server.SessionOf(call.Alice).Peer!, call.Server.SessionOf(call.Bob).Peer!);
        alice.HoldFor(bob).Add(new HeldCandidate(smuggled, call.Server.Clock.GetTimestamp()));

        await call.Alice.OfferAsync("bob");

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
        if (!isHidden)
        {
            await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Host);
            await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Liar);
        }

        await call.Bob.ExpectNothingAsync();
    }

    /// <summary>One that finds no relay for the hidden peer is told so, however well it gets on with others.</summary>
    [Test]
    public async Task What_does_not_arrive_is_told_by_target()
    {
        await using var call = await Pair.InCallAsync(Hidden, Identity.Anonymous, Settings);
        using var carol = await call.AddAsync("carol");
        foreach (var to in new[] { "alice", "carol" })
        {
            await call.Bob.OfferAsync(to);
            await call.Bob.CandidateAsync(to, RelayRoom.Host);
            await call.Bob.SendAsync(MessageTypes.IceCandidate, new { targetUsername = to, candidate = (string?)null });
        }

        var told = (await call.Bob.ReceiveAllAsync()).Select(static error => error.Summary());
        Assert.That(told, Is.EqualTo(
        [
            ("relay-policy", (string?)"type", (int?)1, MessageTypes.IceCandidate, (string?)null),
            ("relay-unavailable", null, null, MessageTypes.IceCandidate, "alice"),
        ]));
    }

    [TestCase(Profile.V1, "")]
    [TestCase(Profile.V1, "RelayRanges")]
    [TestCase(Profile.V1, "TurnUrls,TurnSecret")]
    [TestCase(Profile.Legacy, "TurnUrls,TurnSecret")]
    public async Task Where_no_relay_could_pass_it_cannot_join(Profile profile, string set)
    {
        await using var server = await TestServer.StartAsync(
            [.. RelayRoom.Settings.Where(setting => set.Split(',').Contains(setting.Key.Split(':')[2], StringComparer.Ordinal))]);
        using var alice = profile == Profile.V1 ? await server.ConnectAsync("alice") : await server.ConnectLegacyAsync("alice", chat: false);
        server.SessionOf(alice).Identity = Hidden;

        await alice.SendAsync(MessageTypes.Join, new { room = "demo", id = 1 });

        var error = await alice.ExpectErrorAsync(ErrorCode.RelayUnavailable, 1);
        Assert.That(error.Text("error"), Is.EqualTo("Your calls must go through a relay, and this server has none"));
        Assert.That(server.Get<RoomStore>().Count, Is.Zero);
        using var bob = await server.ConnectAsync("bob");
        await bob.JoinAsync("demo");
    }

    [Test]
    public async Task A_trusted_type_is_as_good_as_known_addresses()
    {
        var turn = RelayRoom.Settings.Where(static setting => setting.Key.Contains("Turn", StringComparison.Ordinal));
        await using var call = await Pair.InCallAsync(Hidden, Identity.Anonymous, [.. turn, ("MeshSignal:Ice:TrustRelayCandidateType", "true")]);
        await call.NegotiateAsync();

        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", RelayRoom.Liar);

        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Liar);
    }

    private static JsonElement Joined(TestPeer peer) => peer.Received.Single(static message => message.Text("type") == MessageTypes.Joined);

    private static (bool ForceRelay, string Policy, string Urls) Told(JsonElement joined)
    {
        var config = joined.GetProperty("config");
        return (config.GetProperty("forceRelay").GetBoolean(), config.Text("iceTransportPolicy"), Urls(config));
    }

    private static string Urls(JsonElement message) =>
        string.Join(' ', message.GetProperty("iceServers").EnumerateArray().SelectMany(static server => server.Texts("urls")));
}
