using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

/// <summary>How much one may send: a code for each message above it, and the end for who does not stop.</summary>
internal sealed class FloodTests
{
    private static readonly string _wide = new('x', 60_000);

    [TestCase(MessageTypes.Offer, 60, 100)]
    [TestCase(MessageTypes.Answer, 60, 100)]
    [TestCase(MessageTypes.IceCandidate, 600, 20)]
    [TestCase(MessageTypes.Signal, 600, 20)]
    [TestCase(MessageTypes.MediaChange, 60, 50)]
    public async Task Each_kind_has_a_budget_and_what_is_above_it_is_refused_with_the_time_to_wait(string type, int burst, int retryAfterMs)
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        await alice.JoinAsync("demo");
        await bob.JoinAsync("demo");
        await alice.ExpectAsync(MessageTypes.PeerJoined);
        await alice.OfferAsync("bob");
        await alice.SettleAsync();
        server.Advance(TimeSpan.FromSeconds(10), alice, bob);

        for (var i = 0; i <= burst; i++)
            await SendAsync(alice, type, i);

        for (var i = 0; i < burst; i++)
            await alice.ExpectAckAsync(i);
        var error = await alice.ExpectErrorAsync(ErrorCode.RateLimited, burst);
        Assert.That((error.GetProperty("retryAfterMs").GetInt32(), error.GetProperty("retryable").GetBoolean(), error.Text("requestType")), Is.EqualTo((retryAfterMs, true, type)));

        server.Advance(TimeSpan.FromMilliseconds(retryAfterMs));
        await SendAsync(alice, type, "again");
        await alice.ExpectAckAsync("again");
    }

    [Test]
    public async Task One_kind_does_not_use_up_the_budget_of_another()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectAsync("alice", chat: true);
        using var bob = await server.ConnectAsync("bob");
        await alice.SettleAsync();
        await alice.JoinAsync("demo");
        await bob.JoinAsync("demo");
        for (var i = 0; i < 61; i++)
            await alice.OfferAsync("bob");
        Assert.That((await alice.ReceiveAllAsync()).Count(IsRefusal), Is.EqualTo(1));

        await alice.CandidateAsync("bob", "a1", id: 1);
        await alice.SayAsync("hello");
        await alice.SendAsync(MessageTypes.MediaChange, new { id = 2, mediaTypes = new[] { "audio" } });

        await alice.ExpectAckAsync(1);
        await alice.ExpectChatAsync("alice", "hello");
        await alice.ExpectAckAsync(2);
    }

    [Test]
    public async Task Chat_has_a_budget_for_who_has_chat_off_too()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectAsync("alice");
        for (var i = 0; i < 5; i++)
            await alice.SayAsync("");

        for (var i = 0; i < 3; i++)
            await alice.ExpectErrorAsync(ErrorCode.Disabled);
        for (var i = 0; i < 2; i++)
            await alice.ExpectErrorAsync(ErrorCode.RateLimited);
    }

    [Test]
    public async Task Who_gives_its_session_up_for_another_has_no_new_budget()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectAsync("alice", chat: true);
        for (var i = 0; i < 3; i++)
            await alice.SayAsync($"{i}");
        await alice.SettleAsync();

        using var again = server.Open(new ConnectionRequest(Profile.V1, "alice", Chat: "on", Former: new FormerSession(alice.Token, null)));
        again.Adopt(await again.ExpectAsync(MessageTypes.SessionToken));
        await again.SayAsync("4");

        Assert.That((await again.ReceiveAllAsync()).Count(IsRefusal), Is.EqualTo(1));
    }

    [Test]
    public async Task Bytes_are_counted_over_all_kinds()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default, ("MeshSignal:Limits:SendQueueBytes", "2000000"));
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        await alice.JoinAsync("demo");
        await bob.JoinAsync("demo");
        for (var i = 0; i < 17; i++)
            await alice.OfferAsync("bob", _wide);
        Assert.That((await alice.ReceiveAllAsync()).Where(IsRefusal), Is.Empty);

        await alice.CandidateAsync("bob", _wide, id: 1);

        await alice.ExpectErrorAsync(ErrorCode.RateLimited, 1);
    }

    [Test]
    public async Task Eight_peers_who_join_at_once_and_tell_each_other_everything_pass_untouched()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        var peers = new List<TestPeer>();
        for (var i = 0; i < 8; i++)
            peers.Add(await server.ConnectAsync($"peer{i}"));
        foreach (var peer in peers)
            await peer.JoinAsync("demo", "audio", "video");

        // Who came earlier offers; each has three descriptions and forty candidates for each other, three times what browsers need.
        foreach (var peer in peers)
            foreach (var other in peers.Where(other => other != peer))
                for (var round = 0; round < 3; round++)
                    await (round % 2 == 0 ? peer.OfferAsync(other.Name, new string('s', 3000)) : peer.AnswerAsync(other.Name, new string('s', 3000)));
        foreach (var peer in peers)
            foreach (var other in peers.Where(other => other != peer))
                for (var i = 0; i < 40; i++)
                    await peer.CandidateAsync(other.Name, $"candidate:{i} 1 udp 2122260223 192.0.2.1 {50000 + i} typ host generation 0 ufrag abcd network-id 1");

        foreach (var peer in peers)
            await peer.SettleAsync(); // What it sent is with the others.
        foreach (var peer in peers)
        {
            await peer.SettleAsync();
            var received = peer.Received;
            Assert.Multiple(() =>
            {
                Assert.That(received.Where(message => message.Text("type") == MessageTypes.Error), Is.Empty);
                Assert.That(received.Count(message => message.Text("type") == MessageTypes.IceCandidate), Is.EqualTo(7 * 40));
                Assert.That(received.Count(message => message.Text("type") is MessageTypes.Offer or MessageTypes.Answer), Is.EqualTo(7 * 3));
            });
        }
    }

    [Test]
    public async Task Typing_goes_before_what_a_call_needs()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectAsync("alice", chat: true);
        for (var i = 0; i < 75; i++)
            await alice.SendAsync(MessageTypes.Typing, new { id = i });

        Assert.That((await alice.ReceiveAllAsync()).Count(IsRefusal), Is.EqualTo(45), "half of the budget is kept");
        await alice.JoinAsync("demo");
    }

    [Test]
    public async Task Messages_that_cannot_be_read_have_a_budget_too()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectAsync("alice");

        for (var i = 0; i < 100; i++)
            await alice.SendRawAsync("{]");
        for (var i = 0; i < 60; i++)
            await alice.ExpectErrorAsync(ErrorCode.InvalidMessage);
        for (var i = 0; i < 40; i++)
            await alice.ExpectErrorAsync(ErrorCode.RateLimited);
    }

    [Test]
    public async Task A_legacy_client_is_told_in_its_words_and_about_candidates_nothing()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectLegacyAsync("alice", chat: false);
        using var bob = await server.ConnectAsync("bob");
        await bob.JoinAsync("lobby");
        await alice.JoinAsync("lobby");

        for (var i = 0; i < 61; i++)
            await alice.OfferAsync("bob");
        for (var i = 0; i < 601; i++)
            await alice.CandidateAsync("bob", $"{i}");
        for (var i = 0; i < 60; i++)
            await alice.SendAsync(MessageTypes.Typing);

        var told = await alice.ReceiveAllAsync();
        Assert.That(told.Where(message => message.Text("type") == MessageTypes.Error).Select(error => error.Text("error")), Is.EqualTo(["You are sending messages too fast."]));
        Assert.That(told.Where(message => message.Text("type") == MessageTypes.System).Select(line => line.Text("text")).ToHashSet(StringComparer.Ordinal), Is.EquivalentTo(["Chat is off", "You are sending messages too fast."]));
    }

    [Test]
    public async Task Who_does_not_stop_for_ten_seconds_is_closed_and_may_come_back()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectAsync("alice");
        await FloodAsync(alice, 60 + 10, refused: 10);
        for (var second = 1; second < 10; second++)
        {
            server.Advance(TimeSpan.FromSeconds(1), alice);
            await FloodAsync(alice, 20 + 10, refused: 10);
        }

        Assert.That(alice.Served.IsCompleted, Is.False);
        server.Advance(TimeSpan.FromSeconds(1), alice);
        for (var i = 0; i < 30; i++)
            await alice.LeaveAsync();
        await alice.ExpectCloseAsync(CloseCode.RateLimit);
    }

    [Test]
    public async Task Who_pauses_for_more_than_a_second_begins_anew()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectAsync("alice");
        await FloodAsync(alice, 60 + 10, refused: 10);
        for (var second = 1; second < 20; second++)
        {
            server.Advance(TimeSpan.FromSeconds(1), alice);
            if (second == 7)
                server.Advance(TimeSpan.FromMilliseconds(1), alice);
            if (second == 15)
                server.Advance(TimeSpan.FromSeconds(1), alice);
            await FloodAsync(alice, 60, refused: null);
        }
    }

    [Test]
    public async Task A_try_run_of_the_limits_refuses_nothing_and_says_once_what_it_would_have_done()
    {
        await using var server = await TestServer.StartAsync(Budgets.Ample);
        using var alice = await server.ConnectAsync("alice");
        for (var second = 0; second < 15; second++)
        {
            await FloodAsync(alice, 80, refused: 0);
            server.Advance(TimeSpan.FromSeconds(1), alice);
        }

        Assert.That(server.Log.Lines.Count(line => line.Contains("more than its limits allow; limits are only tried", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task A_session_that_comes_back_has_no_new_budget()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var alice = await server.ConnectAsync("alice");
        await FloodAsync(alice, 60 + 10, refused: 10);
        await alice.LoseSocketAsync();

        using var again = server.Open(new ConnectionRequest(Profile.V1, "alice", Former: new FormerSession(alice.Token, alice.Counted)));
        again.Adopt(await again.ExpectAsync(MessageTypes.SessionToken));

        await FloodAsync(again, 5, refused: 5);
    }

    [Test]
    public void After_fifty_refusals_nothing_is_read_until_the_second_is_over()
    {
        var clock = new FakeClock();
        clock.Advance(TimeSpan.FromSeconds(100));
        var limits = new RateLimits(new LimitOptions(), clock);
        for (var i = 0; i < 49; i++)
            limits.Refused();
        Assert.That(limits.Pause, Is.EqualTo(TimeSpan.Zero));

        clock.Advance(TimeSpan.FromMilliseconds(400));
        limits.Refused();

        Assert.That(limits.Pause, Is.EqualTo(TimeSpan.FromMilliseconds(600)));
        clock.Advance(TimeSpan.FromMilliseconds(600));
        Assert.That(limits.Pause, Is.EqualTo(TimeSpan.Zero));
        limits.Refused();
        Assert.That(limits.Pause, Is.EqualTo(TimeSpan.Zero));
    }

    /// <summary>Timers are late, so each pause is a little longer than what is left of its second.</summary>
    [Test]
    public void That_nothing_was_read_is_not_taken_for_having_slowed_down()
    {
        var clock = new FakeClock();
        clock.Advance(TimeSpan.FromSeconds(100));
        var limits = new RateLimits(new LimitOptions(), clock);
        for (var second = 0; second < 10; second++)
        {
            for (var i = 0; i < 50; i++)
                Assert.That(limits.Refused(), Is.EqualTo(second == 0 && i == 0));
            Assert.That(limits.IsFlooding, Is.False);
            clock.Advance(limits.Pause + TimeSpan.FromMilliseconds(20));
        }

        Assert.That(limits.Refused(), Is.False);
        Assert.That(limits.IsFlooding);

        clock.Advance(TimeSpan.FromSeconds(2.1));
        Assert.That(limits.Refused());
        Assert.That(limits.IsFlooding, Is.False);
    }

    /// <summary>Only as long as we did not read does not count; once a whole second was taken off, however little of it we had waited.</summary>
    [Test]
    public void Who_was_silent_for_a_second_beyond_a_short_pause_has_slowed_down()
    {
        var clock = new FakeClock();
        clock.Advance(TimeSpan.FromSeconds(100));
        var limits = new RateLimits(new LimitOptions(), clock);
        for (var burst = 0; burst < 5; burst++)
        {
            for (var i = 0; i < 49; i++)
                Assert.That(limits.Refused(), Is.EqualTo(i == 0));
            clock.Advance(TimeSpan.FromSeconds(0.9));
            limits.Refused();
            clock.Advance(limits.Pause + TimeSpan.FromSeconds(1.5));
        }

        Assert.That(limits.IsFlooding, Is.False);
    }

    /// <summary>Asks to leave no room, again and again, and reads the answers.</summary>
    private static async Task FloodAsync(TestPeer peer, int count, int? refused)
    {
        for (var i = 0; i < count; i++)
            await peer.LeaveAsync();
        var answers = 0;
        for (var i = 0; i < count; i++)
            answers += (await peer.ExpectAsync(MessageTypes.Error)).Text("code") == ErrorCode.RateLimited.Wire ? 1 : 0;
        Assert.That(answers, Is.EqualTo(refused ?? answers));
    }

    private static bool IsRefusal(JsonElement message) => message.Text("type") == MessageTypes.Error && message.Text("code") == ErrorCode.RateLimited.Wire;

    private static Task SendAsync(TestPeer peer, string type, object id) => type switch
    {
        MessageTypes.Offer => peer.OfferAsync("bob", id: id),
        MessageTypes.Answer => peer.AnswerAsync("bob", id: id),
        MessageTypes.IceCandidate => peer.CandidateAsync("bob", "a1", id: id),
        MessageTypes.Signal => peer.SendAsync(type, new { id, targetUsername = "bob", signal = 1 }),
        _ => peer.SendAsync(type, new { id, mediaTypes = new[] { "audio" } }),
    };
}
