using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>Which rooms are under the relay policy.</summary>
internal sealed class RoomPolicyTests
{
    [TestCase("demo", "demo", true)]
    [TestCase("demo", "demo2", false)]
    [TestCase("demo", "Demo", false)]
    [TestCase("*", "x", true)]
    [TestCase("team-*", "team-", true)]
    [TestCase("team-*", "team-blue", true)]
    [TestCase("team-*", "my-team-blue", false)]
    [TestCase("team-*", "Team-blue", false)]
    [TestCase("*-private", "a-private", true)]
    [TestCase("*-private", "a-private-not", false)]
    [TestCase("a*c", "abbbc", true)]
    [TestCase("a*c", "ac", true)]
    [TestCase("a?c", "abc", true)]
    [TestCase("a?c", "ac", false)]
    [TestCase("a?c", "abbc", false)]
    [TestCase("??", "ab", true)]
    [TestCase("??", "a", false)]
    [TestCase("**", "a", true)]
    public void A_pattern_matches_whole_names_and_minds_their_case(string pattern, string room, bool matches)
    {
        Assert.That(RoomPolicy.IsPattern(pattern), Is.True);
        Assert.That(RoomPolicy.For(Valid.Room(room), Calls(false, (pattern, true))).ForceRelay, Is.EqualTo(matches));
        Assert.That(RoomPolicy.For(Valid.Room(room), Calls(true, (pattern, false))).ForceRelay, Is.EqualTo(!matches));
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("a b")]
    [TestCase("team/*")]
    [TestCase(@"team\*")]
    [TestCase("[ab]")]
    [TestCase("é*")]
    [TestCase("*\n")]
    public void What_could_match_no_name_is_no_pattern(string text) => Assert.That(RoomPolicy.IsPattern(text), Is.False);

    [Test]
    public void A_pattern_is_as_long_as_a_name() =>
        Assert.That((RoomPolicy.IsPattern(new string('*', 64)), RoomPolicy.IsPattern(new string('a', 65))), Is.EqualTo((true, false)));

    [Test]
    public void The_first_that_matches_decides()
    {
        var calls = Calls(false, ("team-open", false), ("team-*", true), ("team-blue", false));
        var rooms = new[] { "team-open", "team-blue", "team-x", "lobby" };
        Assert.That(rooms.Select(room => RoomPolicy.For(Valid.Room(room), calls).ForceRelay), Is.EqualTo([false, true, true, false]));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void One_that_says_nothing_leaves_what_holds_elsewhere(bool forceRelay) =>
        Assert.That(RoomPolicy.For(Valid.Room("demo"), Calls(forceRelay, ("d*", null), ("*", !forceRelay))).ForceRelay, Is.EqualTo(forceRelay));

    [Test]
    public void What_a_pattern_does_not_say_is_as_for_the_server()
    {
        var calls = new CallOptions
        {
            AllowVideo = false,
            MaxParticipants = 5,
            Rooms =
            [
                new RoomOptions { Pattern = "stage-*", AllowVideo = true, MaxParticipants = 20 },
                new RoomOptions { Pattern = "quiet", AllowScreenShare = false },
                new RoomOptions { Pattern = "*", AllowVideo = true, AllowScreenShare = false, MaxParticipants = 2, ForceRelay = true },
            ],
        };

        using var scope = Assert.EnterMultipleScope();
        Assert.That(RoomPolicy.For(Valid.Room("stage-1"), calls), Is.EqualTo(new RoomPolicy(false, Identity.Anonymous.Media, 20)));
        Assert.That(RoomPolicy.For(Valid.Room("quiet"), calls), Is.EqualTo(new RoomPolicy(false, MediaTypes.Audio, 5)));
        Assert.That(RoomPolicy.For(Valid.Room("x"), calls), Is.EqualTo(new RoomPolicy(true, MediaTypes.Audio | MediaTypes.Video, 2)));
        calls.Rooms.Clear();
        Assert.That(RoomPolicy.For(Valid.Room("x"), calls), Is.EqualTo(new RoomPolicy(false, MediaTypes.Audio | MediaTypes.Screen, 5)));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Each_room_enforces_what_it_tells(bool forceRelay)
    {
        await using var server = await StartAsync($"{forceRelay}", ("other-*", $"{!forceRelay}"));
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        foreach (var (room, isForced) in new[] { ("demo", forceRelay), ("other-1", !forceRelay), ("Other-1", forceRelay) })
        {
            var told = new[] { await alice.JoinAsync(room), await bob.JoinAsync(room) };
            await alice.ExpectAsync(MessageTypes.PeerJoined);
            Assert.That(told.Select(Told), Is.All.EqualTo((isForced, isForced ? "relay" : "all")), room);
            Assert.That(told.Select(joined => joined.GetRawText().Contains("stun:", StringComparison.Ordinal)), Is.All.EqualTo(!isForced), room);

            await alice.OfferAsync("bob", "v=0\r\nc=IN IP4 192.168.1.7\r\n");
            await alice.CandidateAsync("bob", RelayRoom.Host);
            await alice.CandidateAsync("bob", RelayRoom.Relay(1));

            var sdp = (await bob.ExpectAsync(MessageTypes.Offer)).GetProperty("offer").Text("sdp");
            Assert.That(sdp, Is.EqualTo(isForced ? "v=0\r\nc=IN IP4 0.0.0.0\r\n" : "v=0\r\nc=IN IP4 192.168.1.7\r\n"), room);
            if (!isForced)
                await bob.ExpectCandidateAsync("alice", RelayRoom.Host);
            await bob.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
            await alice.LeaveAsync();
            await bob.LeaveAsync();
            await alice.SettleAsync();
            await bob.SettleAsync();
        }
    }

    /// <summary>What holds in a room that somebody is in does not change under them, for they were told.</summary>
    [Test]
    public async Task A_room_keeps_the_policy_that_it_began_with()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        call.Server.Get<CallOptions>().ForceRelay = false;

        using var carol = await call.Server.ConnectAsync("carol");
        Assert.That(Told(await carol.JoinAsync("demo")), Is.EqualTo((true, "relay")));
        await call.Alice.SettleAsync();
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);

        // A room that comes into being now, by the same name even, begins with what holds now.
        foreach (var peer in new[] { call.Alice, call.Bob, carol })
        {
            await peer.LeaveAsync();
            await peer.SettleAsync();
        }

        Assert.That(Told(await carol.JoinAsync("demo")), Is.EqualTo((false, "all")));
    }

    private static Task<TestServer> StartAsync(string forceRelay, params (string Pattern, string ForceRelay)[] rooms) => TestServer.StartAsync(
    [
        .. RelayRoom.SettingsWith(("MeshSignal:Calls:ForceRelay", forceRelay), ("MeshSignal:Ice:StunUrls:0", "stun:stun.example.org")),
        .. rooms.Select((room, i) => ($"MeshSignal:Calls:Rooms:{i}:Pattern", room.Pattern)),
        .. rooms.Select((room, i) => ($"MeshSignal:Calls:Rooms:{i}:ForceRelay", room.ForceRelay)),
    ]);

    private static (bool ForceRelay, string Policy) Told(JsonElement joined)
    {
        var config = joined.GetProperty("config");
        return (config.GetProperty("forceRelay").GetBoolean(), config.Text("iceTransportPolicy"));
    }

    private static CallOptions Calls(bool forceRelay, params (string Pattern, bool? ForceRelay)[] rooms) => new()
    {
        ForceRelay = forceRelay,
        Rooms = [.. rooms.Select(room => new RoomOptions { Pattern = room.Pattern, ForceRelay = room.ForceRelay })],
    };
}
