using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

/// <summary>Section 7 of the wire protocol: asked after 15 s of silence, closed after 10 s more.</summary>
internal sealed class LivenessTests
{
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PongTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    [Test]
    public async Task A_silent_peer_is_pinged_after_15_seconds_and_not_before()
    {
        await using var call = await Pair.InCallAsync();

        call.Server.Advance(PingInterval - OneSecond, call.Alice);
        await call.Alice.OfferAsync("bob");
        await call.Bob.ExpectAsync(MessageTypes.Offer); // Pings go ahead of what is queued, so whoever has read this has had every ping.
        Assert.That(call.Bob.InMemory.Pings, Is.Zero);
        call.Server.Advance(OneSecond, call.Alice);

        await call.Bob.InMemory.WhenPingedAsync();
    }

    [Test]
    public async Task A_peer_that_never_sends_anything_is_pinged_too()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");

        server.Advance(PingInterval);

        await alice.InMemory.WhenPingedAsync();
    }

    [Test]
    public async Task It_is_pinged_once_for_each_silence()
    {
        await using var server = await TestServer.StartAsync();
        using var watcher = await server.ConnectLegacyAsync("Watcher");
        using var alice = await SilentAsync(server, Profile.Legacy);
        server.Advance(PingInterval, watcher);
        await alice.InMemory.WhenPingedAsync();

        server.Advance(PongTimeout - OneSecond, watcher);

        // Pings go ahead of what is queued, so whoever has read this has had every ping.
        await watcher.SayAsync("hello");
        await alice.ExpectChatAsync("Watcher", "hello");
        Assert.That(alice.InMemory.Pings, Is.EqualTo(1));
    }

    [Test]
    public async Task One_that_answers_is_asked_again_after_its_next_silence()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        await alice.ExpectNothingAsync();

        for (var i = 0; i < 3; i++)
        {
            server.Advance(PingInterval);
            await alice.InMemory.WhenPingedAsync();
        }

        await alice.ExpectNothingAsync();
        Assert.That(alice.InMemory.Pings, Is.EqualTo(3));
    }

    [Test]
    public async Task After_25_seconds_of_silence_a_v1_peer_is_closed_with_4003()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await SilentAsync(server, Profile.V1);

        server.Advance(PingInterval + PongTimeout);

        await alice.ExpectCloseAfterNothingAsync(CloseCode.HeartbeatTimeout);
    }

    [Test]
    public async Task A_legacy_peer_is_told_first()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await SilentAsync(server, Profile.Legacy);

        server.Advance(PingInterval + PongTimeout);

        await alice.ExpectSystemAsync("Disconnected: Heartbeat timeout (no ping received)");
        await alice.ExpectCloseAfterNothingAsync(CloseCode.HeartbeatTimeout);
    }

    [Test]
    public async Task Any_frame_begins_the_25_seconds_anew()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await SilentAsync(server, Profile.V1);

        await AdvanceToTheLastSecondAsync(server, alice);
        alice.InMemory.Pong();
        await AdvanceToTheLastSecondAsync(server, alice);
        await alice.SendRawAsync("not even JSON");
        await alice.ExpectErrorAsync(ErrorCode.InvalidMessage);
        await AdvanceToTheLastSecondAsync(server, alice);
        await alice.ExpectNothingAsync();

        await AdvanceToTheLastSecondAsync(server, alice);
        server.Advance(OneSecond);
        await alice.ExpectCloseAfterNothingAsync(CloseCode.HeartbeatTimeout);
    }

    /// <summary>What the peers have sent while the server stood still has yet to be read.</summary>
    [Test]
    public async Task When_the_whole_server_stood_still_nobody_is_closed_before_it_could_be_heard()
    {
        await using var call = await Pair.InCallAsync();

        call.Server.Clock.Stall(TimeSpan.FromMinutes(2));
        call.Alice.InMemory.Pong();
        call.Bob.InMemory.Pong();
        call.Server.Advance(OneSecond);

        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task One_that_stays_silent_then_is_closed_a_second_later_however_slow_the_server_is()
    {
        await using var call = await Pair.InCallAsync();

        call.Server.Clock.Stall(TimeSpan.FromMinutes(1));
        call.Server.Clock.Stall(TimeSpan.FromSeconds(5));

        await call.Bob.ExpectCloseAsync(CloseCode.HeartbeatTimeout);
    }

    [Test]
    public async Task The_timeout_is_an_outer_bound()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Heartbeat:Timeout", "00:00:18"));
        using var alice = await SilentAsync(server, Profile.V1);

        server.Advance(TimeSpan.FromSeconds(17));
        await alice.InMemory.WhenPingedAsync();
        await alice.ExpectNothingAsync();
        server.Advance(TimeSpan.FromSeconds(18));

        await alice.ExpectCloseAfterNothingAsync(CloseCode.HeartbeatTimeout);
    }

    [Test]
    public async Task One_that_is_closed_for_silence_leaves_its_room_as_disconnected()
    {
        await using var call = await Pair.InCallAsync(Grace.None);
        call.Bob.InMemory.AnswersPings = false;

        call.Server.Advance(PingInterval + PongTimeout, call.Alice);
        await call.Bob.ExpectCloseAfterNothingAsync(CloseCode.HeartbeatTimeout);
        call.Server.Advance(TimeSpan.FromSeconds(3), call.Alice); // A dead peer does not answer the Close.

        var left = await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
        Assert.That((left.Text("peerId"), left.Text("reason")), Is.EqualTo((call.Bob.PeerId, "disconnected")));
    }

    [TestCase(CloseCode.HeartbeatTimeout)]
    [TestCase(null)]
    public async Task One_that_wakes_up_just_to_answer_the_close_has_disconnected_all_the_same(CloseCode? echo)
    {
        await using var call = await Pair.InCallAsync(Grace.None);
        call.Bob.InMemory.AnswersPings = false;
        call.Server.Advance(PingInterval + PongTimeout, call.Alice);
        await call.Bob.ExpectCloseAfterNothingAsync(CloseCode.HeartbeatTimeout);

        await call.Bob.InMemory.CloseAsync(echo);

        Assert.That((await call.Alice.ExpectAsync(MessageTypes.PeerLeft)).Text("reason"), Is.EqualTo("disconnected"));
    }

    private static async Task AdvanceToTheLastSecondAsync(TestServer server, TestPeer peer)
    {
        server.Advance(PingInterval);
        await peer.InMemory.WhenPingedAsync();
        server.Advance(PongTimeout - OneSecond);
    }

    /// <summary>A peer whose socket is half open: it has sent something once, and answers no ping.</summary>
    private static async Task<TestPeer> SilentAsync(TestServer server, Profile profile)
    {
        var peer = profile == Profile.V1 ? await server.ConnectAsync("alice") : await server.ConnectLegacyAsync("alice");
        await peer.ExpectNothingAsync();
        peer.InMemory.AnswersPings = false;
        return peer;
    }
}
