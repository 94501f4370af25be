using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Rooms;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>The operator forces relays in a room in which a call runs, or does so no more.</summary>
internal sealed class PolicyChangeTests
{
    private static readonly Identity Hidden = new() { MustRelay = true };

    private static readonly (string, string)[] Settings =
        RelayRoom.SettingsWith(("MeshSignal:Calls:ForceRelay", "false"), ("MeshSignal:Ice:StunUrls:0", "stun:stun.example.org"));

    [Test]
    public async Task From_one_moment_on_the_other_policy_holds_and_all_are_told()
    {
        await using var call = await Pair.InCallAsync(Settings);
        await call.NegotiateAsync();
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Host);
        var former = Username(call.Alice.Received.Single(message => message.Text("type") == MessageTypes.Joined));
        call.Server.Advance(TimeSpan.FromSeconds(2), call.Alice, call.Bob);

        Assert.That(Force(call.Server, true), Is.True);

        foreach (var peer in new[] { call.Alice, call.Bob })
            Assert.That(await ToldAsync(peer), Is.EqualTo((true, "relay", RelayRoom.TurnUrl)));
        Assert.That(Username(call.Alice.Received[^1]), Is.Not.EqualTo(former), "fresh credentials");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host, id: 1);
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy, 1);
        await call.Bob.OfferAsync("alice", $"v=0\r\nc=IN IP4 192.168.1.7\r\nm=audio 9 RTP/AVP 0\r\na={RelayRoom.Host}\r\n");
        Assert.That((await call.Alice.ExpectAsync(MessageTypes.Offer)).GetProperty("offer").Text("sdp"), Does.Not.Contain("192.168"));
        await call.Bob.ExpectErrorAsync(ErrorCode.RelayPolicy);

        Assert.That(Force(call.Server, false), Is.True);
        foreach (var peer in new[] { call.Alice, call.Bob })
            Assert.That(await ToldAsync(peer), Is.EqualTo((false, "all", $"stun:stun.example.org {RelayRoom.TurnUrl}")));
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Host);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task What_holds_already_changes_nothing_and_nobody_is_told(bool isForced)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.SettingsWith(("MeshSignal:Calls:ForceRelay", $"{isForced}")));
        Assert.That(Force(call.Server, isForced), Is.False);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task What_is_held_is_judged_by_the_new_policy_when_it_is_released()
    {
        await using var call = await Pair.InCallAsync(Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host, id: 7);
        await call.Alice.ExpectAckAsync(7);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));
        await call.Alice.SettleAsync();
        Force(call.Server, true);
        await call.Alice.OfferAsync("bob");

        await call.Bob.ExpectAsync(MessageTypes.PolicyChanged);
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
        await call.Alice.ExpectAsync(MessageTypes.PolicyChanged);
        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped, 7)).Text("reason"), Is.EqualTo("unavailable"));
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Who_is_away_and_has_missed_what_may_not_pass_any_more_is_never_given_it()
    {
        await using var call = await Pair.InCallAsync(Settings);
        await call.NegotiateAsync();
        await call.LoseBobAsync();
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.SettleAsync();
        Force(call.Server, true);

        using var back = call.Server.Return(call.Bob, call.Bob.Counted);
        await back.ExpectNewAsync("incomplete");
        await back.ExpectNothingAsync();
        await call.Alice.ExpectAsync(MessageTypes.PolicyChanged);
        await call.Alice.ExpectLeftAsync(call.Bob, "expired");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Who_is_away_and_has_missed_nothing_of_that_comes_back_and_is_told(bool isForced)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.SettingsWith(("MeshSignal:Calls:ForceRelay", $"{!isForced}")));
        await call.NegotiateAsync();
        await call.LoseBobAsync();
        if (!isForced)
            await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));
        await call.Alice.SettleAsync();
        Force(call.Server, isForced);

        using var back = await call.Server.ResumeAsync(call.Bob);
        if (!isForced)
            await back.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
        Assert.That((await ToldAsync(back)).ForceRelay, Is.EqualTo(isForced));
    }

    [Test]
    public async Task Who_must_use_relays_for_what_its_token_says_must_go_on()
    {
        await using var call = await Pair.InCallAsync(Hidden, Identity.Anonymous, Settings);
        await call.NegotiateAsync();
        foreach (var isForced in new[] { true, false })
        {
            Force(call.Server, isForced);
            Assert.That((await ToldAsync(call.Alice)).ForceRelay, Is.True);
            Assert.That((await ToldAsync(call.Bob)).ForceRelay, Is.EqualTo(isForced));
            await call.Bob.CandidateAsync("alice", RelayRoom.Host, id: 1);
            await call.Bob.ExpectErrorAsync(ErrorCode.RelayPolicy, 1);
        }

        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Legacy_peers_are_under_it_and_find_it_in_what_they_are_told_of_the_next_newcomer()
    {
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy, Settings);
        await call.NegotiateAsync();
        Force(call.Server, true);
        await call.Alice.ExpectAsync(MessageTypes.PolicyChanged);
        await call.Bob.ExpectNothingAsync();
        await call.Bob.CandidateAsync("alice", RelayRoom.Host);
        await call.Bob.CandidateAsync("alice", RelayRoom.Relay(1));
        await call.Alice.ExpectCandidateAsync("bob", RelayRoom.Relay(1));

        using var carol = await call.Server.ConnectAsync("carol");
        Assert.That(Config(await carol.JoinAsync("demo")).ForceRelay, Is.True);
        Assert.That(Config(await call.Bob.ExpectAsync(MessageTypes.PeerJoined)).ForceRelay, Is.True);
    }

    /// <summary>Of what it had sent before nobody had looked whether it was a relay.</summary>
    [TestCase(Profile.Legacy)]
    [TestCase(Profile.V1)]
    public async Task Stragglers_of_what_was_gathered_before_do_not_say_that_there_is_no_relay(Profile alice)
    {
        await using var call = await Pair.InCallAsync(alice, Profile.V1, Settings);
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));
        await call.Alice.SettleAsync();
        Force(call.Server, true);

        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", "");
        call.Server.Advance(2 * RelayReport.Interval, call.Alice, call.Bob);
        Assert.That((await call.Alice.ReceiveAllAsync()).Select(Code), Has.None.EqualTo(ErrorCode.RelayUnavailable.Wire));

        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        call.Server.Advance(2 * RelayReport.Interval, call.Alice, call.Bob);
        await call.Alice.CandidateAsync("bob", "");
        Assert.That((await call.Alice.ReceiveAllAsync()).Select(Code), Has.One.EqualTo(ErrorCode.RelayUnavailable.Wire));
    }

    [Test]
    public async Task What_was_dropped_before_is_still_told()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.SettleAsync();

        Force(call.Server, false);
        call.Server.Advance(RelayReport.Interval, call.Alice, call.Bob);

        await call.Alice.ExpectAsync(MessageTypes.PolicyChanged);
        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy)).GetProperty("dropped").GetInt32(), Is.EqualTo(1));
    }

    [Test]
    public async Task When_the_room_has_emptied_the_settings_hold_again()
    {
        await using var call = await Pair.InCallAsync(Settings);
        Force(call.Server, true);
        foreach (var peer in new[] { call.Alice, call.Bob })
        {
            await peer.LeaveAsync();
            await peer.SettleAsync();
        }

        Assert.That(Config(await call.Alice.JoinAsync("demo")).ForceRelay, Is.False);
    }

    /// <summary>Whoever sends and whoever changes the policy are at it at the same time; each message is on its side of the change.</summary>
    [Test]
    public async Task Nothing_comes_behind_the_change_that_was_judged_before_it()
    {
        await using var call = await Pair.InCallAsync(Settings);
        await call.NegotiateAsync();
        var changing = Task.Run(() => Enumerable.Range(0, 101).Count(number => Force(call.Server, number % 2 == 0) == true));
        for (var i = 0; i < 300; i++)
            await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        Assert.That(await changing, Is.EqualTo(101));
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));

        var isForced = false;
        while (true)
        {
            var message = await call.Bob.ReceiveAsync();
            if (message.Text("type") == MessageTypes.PolicyChanged)
                isForced = Config(message).ForceRelay;
            else if (message.GetProperty("candidate").Text("candidate") == RelayRoom.Host)
                Assert.That(isForced, Is.False);
            else
                break;
        }

        Assert.That(isForced, Is.True);
    }

    private static bool? Force(TestServer server, bool isForced)
    {
        Assert.That(RoomName.TryParse("demo", out var name));
        return server.Get<RoomStore>().Find(name)!.ForceRelay(isForced);
    }

    private static async Task<(bool ForceRelay, string Transports, string Urls)> ToldAsync(TestPeer peer) => Config(await peer.ExpectAsync(MessageTypes.PolicyChanged));

    private static (bool ForceRelay, string Transports, string Urls) Config(JsonElement message)
    {
        var config = message.GetProperty("config");
        var urls = config.GetProperty("iceServers").EnumerateArray().SelectMany(server => server.GetProperty("urls").EnumerateArray()).Select(url => url.GetString());
        return (config.GetProperty("forceRelay").GetBoolean(), config.Text("iceTransportPolicy"), string.Join(' ', urls));
    }

    private static string? Code(JsonElement message) => message.Has("code") ? message.Text("code") : null;

    private static string Username(JsonElement message) =>
        message.GetProperty("config").GetProperty("iceServers").EnumerateArray().Single(server => server.Has("username")).Text("username");
}
