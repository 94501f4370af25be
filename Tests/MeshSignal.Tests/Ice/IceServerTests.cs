using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Tests.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Ice;

/// <summary>Which ICE servers a peer is told, with which credentials, and when again.</summary>
internal sealed class IceServerTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Told anew after 48 of 60 seconds.
    private static readonly (string Key, string Value)[] OneMinute = RelayRoom.SettingsWith(("MeshSignal:Ice:CredentialTtl", "00:01:00"));

    private static readonly (string Key, string Value)[] AllKinds = RelayRoom.SettingsWith(
        ("MeshSignal:Ice:StunUrls:0", "stun:a.example.org"),
        ("MeshSignal:Ice:StunUrls:1", "stun:b.example.org:3478"),
        ("MeshSignal:Ice:TurnUrls:1", "turns:turn.example.org:443?transport=tcp"),
        ("MeshSignal:Ice:StaticServers:0:Urls:0", "stun:c.example.org"),
        ("MeshSignal:Ice:StaticServers:1:Urls:0", "stun:d.example.org"),
        ("MeshSignal:Ice:StaticServers:1:Urls:1", "turn:d.example.org"),
        ("MeshSignal:Ice:StaticServers:1:Urls:2", "turns:d.example.org"),
        ("MeshSignal:Ice:StaticServers:1:Username", "us"),
        ("MeshSignal:Ice:StaticServers:1:Credential", "given"));

    [Test]
    public async Task Whoever_joins_gets_credentials_that_the_TURN_server_accepts_for_ten_minutes()
    {
        await using var server = await TestServer.StartAsync(RelayRoom.Settings);
        using var alice = await server.ConnectAsync("alice");
        server.Advance(7 * Second, alice);

        var config = (await alice.JoinAsync()).GetProperty("config");

        var turn = Servers(config).Single();
        Assert.That(turn.Urls, Is.EqualTo([RelayRoom.TurnUrl]));
        Assert.That(TurnServer.Verify(turn, RelayRoom.Secret).Expiry, Is.EqualTo(Now(server).AddMinutes(10)));
        Assert.That(config.GetProperty("iceTtlMs").GetInt32(), Is.EqualTo(600_000));
    }

    [TestCase(Profile.V1)]
    [TestCase(Profile.Legacy)]
    public async Task Each_peer_gets_its_own_which_tell_nothing_of_it(Profile profile)
    {
        await using var call = await Pair.InCallAsync(profile, profile, RelayRoom.Settings);

        var turns = new[] { call.Alice, call.Bob }.Select(peer => Servers(Joined(peer).GetProperty("config")).Single()).ToList();

        Assert.That(turns.Select(turn => TurnServer.Verify(turn, RelayRoom.Secret).User), Is.Unique);
        foreach (var known in new[] { "alice", "bob", call.Alice.PeerId[..8], call.Bob.PeerId[..8], call.Alice.Token[..8], call.Bob.Token[..8] })
            Assert.That(turns.Select(turn => turn.Username), Has.None.Contains(known));
    }

    [Test]
    public async Task Where_calls_need_no_relay_all_servers_are_told()
    {
        await using var server = await TestServer.StartAsync([.. AllKinds.Where(setting => setting.Key != "MeshSignal:Calls:ForceRelay")]);
        using var alice = await server.ConnectAsync("alice");

        var servers = (await alice.JoinAsync()).GetProperty("config").GetProperty("iceServers");

        Assert.That(servers[0].GetRawText(), Is.EqualTo("""{"urls":["stun:a.example.org","stun:b.example.org:3478"]}"""));
        Assert.That(servers[1].GetRawText(), Is.EqualTo("""{"urls":["stun:c.example.org"]}"""));
        Assert.That(
            servers[2].GetRawText(),
            Is.EqualTo("""{"urls":["stun:d.example.org","turn:d.example.org","turns:d.example.org"],"username":"us","credential":"given"}"""));
        Assert.That(servers[3].Texts("urls"), Is.EqualTo([RelayRoom.TurnUrl, "turns:turn.example.org:443?transport=tcp"]));
        Assert.That(servers.GetArrayLength(), Is.EqualTo(4));
    }

    [Test]
    public async Task Where_they_do_only_TURN_servers_are_told_wherever_they_are_told()
    {
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy, AllKinds);
        using var carol = await call.Server.ConnectAsync("carol");
        await carol.JoinAsync("demo");
        await call.Alice.SettleAsync();
        await call.Alice.SendAsync(MessageTypes.IceServers);
        JsonElement[] told =
        [
            Joined(call.Alice).GetProperty("config"), Joined(call.Bob).GetProperty("config"),
            (await call.Bob.ExpectAsync(MessageTypes.PeerJoined)).GetProperty("config"), await call.Alice.ExpectAsync(MessageTypes.IceServers),
        ];

        foreach (var config in told)
        {
            var servers = config.GetProperty("iceServers");
            Assert.That(servers[0].GetRawText(), Is.EqualTo("""{"urls":["turn:d.example.org","turns:d.example.org"],"username":"us","credential":"given"}"""));
            Assert.That(servers[1].Texts("urls"), Is.EqualTo([RelayRoom.TurnUrl, "turns:turn.example.org:443?transport=tcp"]));
            Assert.That(servers.GetArrayLength(), Is.EqualTo(2));
        }
    }

    [Test]
    public async Task Credentials_that_do_not_end_are_not_told_again()
    {
        await using var call = await Pair.InCallAsync([.. AllKinds.Where(setting => !setting.Key.Contains(":Turn", StringComparison.Ordinal))]);

        var config = Joined(call.Alice).GetProperty("config");
        call.Server.Advance(3600 * Second, call.Alice, call.Bob);

        Assert.That((config.Has("iceTtlMs"), Servers(config).Single().Username), Is.EqualTo((false, "us")));
        await call.Alice.ExpectNothingAsync();
        await call.Alice.SendAsync(MessageTypes.IceServers, new { id = 1 });
        var answer = await call.Alice.ExpectAsync(MessageTypes.IceServers);
        Assert.That((answer.Has("iceTtlMs"), Servers(answer).Single().Credential), Is.EqualTo((false, "given")));
    }

    [TestCase(null)]
    [TestCase("r1")]
    [TestCase(7)]
    public async Task A_peer_that_asks_gets_fresh_ones(object? id)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        call.Server.Advance(30 * Second, call.Alice, call.Bob);

        await call.Alice.SendAsync(MessageTypes.IceServers, id is null ? null : new { id });

        var answer = await call.Alice.ExpectAsync(MessageTypes.IceServers);
        Assert.That(answer.Has("id") ? answer.GetProperty("id").GetRawText() : null, Is.EqualTo(id is null ? null : JsonSerializer.Serialize(id)));
        var (before, now) = (Servers(Joined(call.Alice).GetProperty("config")).Single(), Servers(answer).Single());
        Assert.That(now.Urls, Is.EqualTo(before.Urls));
        Assert.That(answer.GetProperty("iceTtlMs").GetInt32(), Is.EqualTo(600_000));
        var (expiry, user) = TurnServer.Verify(now, RelayRoom.Secret);
        Assert.That((expiry, user), Is.EqualTo((Now(call.Server).AddMinutes(10), TurnServer.Verify(before, RelayRoom.Secret).User)));
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Outside_a_room_nobody_gets_any()
    {
        await using var server = await TestServer.StartAsync(OneMinute);
        using var alice = await server.ConnectAsync("alice");

        await alice.SendAsync(MessageTypes.IceServers, new { id = 1 });
        await alice.ExpectErrorAsync(ErrorCode.NotJoined, 1);
        server.Advance(120 * Second, alice);
        await alice.ExpectNothingAsync();
        await alice.JoinAsync();
        await alice.LeaveAsync(id: 2);
        await alice.ExpectAsync(MessageTypes.Left);

        server.Advance(120 * Second, alice);

        await alice.SendAsync(MessageTypes.IceServers);
        Assert.That((await alice.ExpectErrorAsync(ErrorCode.NotJoined)).Text("requestType"), Is.EqualTo(MessageTypes.IceServers));
        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_legacy_client_does_not_know_how_to_ask()
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.V1, RelayRoom.Settings);

        await call.Alice.SendAsync(MessageTypes.IceServers);

        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.UnknownType)).Text("error"), Is.EqualTo("Unknown WebRTC message type"));
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Five_requests_in_ten_seconds_are_answered_and_no_more()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await AskAsync(call.Alice, 1);
        call.Server.Advance(4 * Second, call.Alice, call.Bob);
        for (var i = 2; i <= 5; i++)
            await AskAsync(call.Alice, i);

        await call.Alice.SendAsync(MessageTypes.IceServers, new { id = "six" });
        var error = await call.Alice.ExpectErrorAsync(ErrorCode.RateLimited, "six");
        Assert.That((error.GetProperty("retryAfterMs").GetInt32(), error.GetProperty("retryable").GetBoolean()), Is.EqualTo((6000, true)));
        await AskAsync(call.Bob, 1);

        // What was refused does not count.
        call.Server.Advance(6 * Second, call.Alice, call.Bob);
        await AskAsync(call.Alice, 7);
        await call.Alice.SendAsync(MessageTypes.IceServers);
        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.RateLimited)).GetProperty("retryAfterMs").GetInt32(), Is.EqualTo(4000));
    }

    [Test]
    public async Task They_are_told_anew_at_four_fifths_of_their_life_and_so_on()
    {
        await using var call = await Pair.InCallAsync(OneMinute);
        for (var round = 1; round <= 3; round++)
        {
            call.Server.Advance(47 * Second, call.Alice, call.Bob);
            await call.Alice.ExpectNothingAsync();
            call.Server.Advance(Second, call.Alice, call.Bob);

            foreach (var peer in new[] { call.Alice, call.Bob })
            {
                var pushed = await peer.ExpectAsync(MessageTypes.IceServers);
                Assert.That((pushed.Has("id"), pushed.GetProperty("iceTtlMs").GetInt32()), Is.EqualTo((false, 60_000)));
                Assert.That(TurnServer.Verify(Servers(pushed).Single(), RelayRoom.Secret).Expiry, Is.EqualTo(Now(call.Server).AddMinutes(1)));
                await peer.ExpectNothingAsync();
            }
        }
    }

    [Test]
    public async Task Whoever_has_asked_is_told_that_much_later()
    {
        await using var call = await Pair.InCallAsync(OneMinute);
        call.Server.Advance(40 * Second, call.Alice, call.Bob);
        await AskAsync(call.Alice, 1);

        call.Server.Advance(8 * Second, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectAsync(MessageTypes.IceServers);
        call.Server.Advance(39 * Second, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(Second, call.Alice, call.Bob);

        await call.Alice.ExpectAsync(MessageTypes.IceServers);
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Whoever_joins_again_is_told_by_the_new_stay()
    {
        await using var call = await Pair.InCallAsync(OneMinute);
        call.Server.Advance(40 * Second, call.Alice, call.Bob);
        await call.Bob.LeaveAsync();
        await call.Bob.ExpectAsync(MessageTypes.Left);
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
        await call.JoinBobAsync();

        call.Server.Advance(8 * Second, call.Alice, call.Bob);
        await call.Alice.ExpectAsync(MessageTypes.IceServers);
        call.Server.Advance(39 * Second, call.Alice, call.Bob);
        await call.Bob.ExpectNothingAsync();
        call.Server.Advance(Second, call.Alice, call.Bob);

        await call.Bob.ExpectAsync(MessageTypes.IceServers);
    }

    [Test]
    public async Task A_legacy_peer_gets_its_own_fresh_ones_with_every_newcomer_and_never_otherwise()
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.Legacy, OneMinute);
        call.Server.Advance(100 * Second, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
        using var carol = await call.Server.ConnectAsync("carol");
        await carol.JoinAsync("demo");
        using var dave = await call.Server.ConnectLegacyAsync("dave", chat: false);
        await dave.JoinAsync("demo");

        var users = new List<string>();
        foreach (var peer in new[] { call.Alice, call.Bob })
            for (var newcomer = 0; newcomer < 2; newcomer++)
            {
                var config = (await peer.ExpectAsync(MessageTypes.PeerJoined)).GetProperty("config");
                var (expiry, user) = TurnServer.Verify(Servers(config).Single(), RelayRoom.Secret);
                users.Add(user);
                Assert.That(expiry, Is.EqualTo(Now(call.Server).AddMinutes(1)));
                Assert.That((config.GetProperty("forceRelay").GetBoolean(), config.Text("iceTransportPolicy")), Is.EqualTo((true, "relay")));
                Assert.That((config.GetProperty("iceTtlMs").GetInt32(), config.GetProperty("maxParticipants").GetInt32()), Is.EqualTo((60_000, 8)));
            }

        Assert.That(users.Distinct(StringComparer.Ordinal), Is.EqualTo([users[0], users[2]]));
        Assert.That(users, Is.EqualTo(new[] { call.Alice, call.Alice, call.Bob, call.Bob }.Select(
            peer => TurnServer.Verify(Servers(Joined(peer).GetProperty("config")).Single(), RelayRoom.Secret).User)));
        Assert.That((await carol.ExpectAsync(MessageTypes.PeerJoined)).Has("config"), Is.False, "v1 peers are told otherwise");
    }

    [Test]
    public async Task A_server_with_nothing_configured_tells_none_and_says_nothing_of_it()
    {
        await using var call = await Pair.InCallAsync();
        var config = Joined(call.Alice).GetProperty("config");

        await call.Alice.SendAsync(MessageTypes.IceServers, new { id = 1 });
        var answer = await call.Alice.ExpectAsync(MessageTypes.IceServers);
        call.Server.Advance(3600 * Second, call.Alice, call.Bob);

        Assert.That((config.GetProperty("iceServers").GetArrayLength(), config.Has("iceTtlMs")), Is.EqualTo((0, false)));
        Assert.That(answer.GetRawText(), Is.EqualTo("""{"type":"webrtc-ice-servers","iceServers":[],"id":1}"""));
        await call.Alice.ExpectNothingAsync();
    }

    private static async Task AskAsync(TestPeer peer, int id)
    {
        await peer.SendAsync(MessageTypes.IceServers, new { id });
        Assert.That((await peer.ExpectAsync(MessageTypes.IceServers)).GetProperty("id").GetInt32(), Is.EqualTo(id));
    }

    private static JsonElement Joined(TestPeer peer) => peer.Received.Last(message => message.Text("type") == MessageTypes.Joined);

    private static DateTimeOffset Now(TestServer server) => DateTimeOffset.FromUnixTimeSeconds(server.Clock.GetUtcNow().ToUnixTimeSeconds());

    private static IceServer[] Servers(JsonElement config) => [.. config.GetProperty("iceServers").EnumerateArray().Select(server => new IceServer(
        server.Texts("urls"), server.Has("username") ? server.Text("username") : null, server.Has("credential") ? server.Text("credential") : null))];
}
