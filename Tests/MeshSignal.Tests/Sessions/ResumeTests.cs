using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

/// <summary>A client that has lost its socket comes back to its session (section 12 of the wire protocol).</summary>
internal sealed class ResumeTests
{
    [Test]
    public async Task What_was_missed_comes_in_order_and_then_what_is_new()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        await pair.Alice.SignalAsync("bob", 5);

        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.ExpectSignalsAsync(1, 5);
        await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");

        await pair.Alice.SignalOneAsync("bob", 6);
        await bob.ExpectSignalsAsync(6, 6);
        await bob.OfferAsync("alice", id: "o");
        await bob.ExpectAckAsync("o");
        Assert.That((await pair.Alice.ExpectAsync(MessageTypes.Offer)).Text("fromPeerId"), Is.EqualTo(pair.Bob.PeerId), "the same stay");
    }

    [Test]
    public async Task The_greeting_says_that_it_is_the_same_session_and_brings_a_new_token()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();

        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted);
        var greeting = await bob.ExpectResumedAsync();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(greeting.Text("token"), Does.Match("^[0-9a-f]{64}$").And.Not.EqualTo(pair.Bob.Token));
            Assert.That((greeting.Text("username"), greeting.Text("protocol")), Is.EqualTo(("bob", "meshsignal.v1")));
            Assert.That(greeting.GetProperty("resumeGraceMs").GetInt32(), Is.EqualTo(30_000));
            Assert.That(greeting.Texts("features"), Does.Contain("resume"));
            Assert.That(greeting.Has("reason"), Is.False);
        }
    }

    [Test]
    public async Task Every_kind_of_message_counts_but_the_token()
    {
        await using var server = await TestServer.StartAsync();
        using var legacy = await server.ConnectLegacyAsync("legacy");
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Chat: "on"));
        alice.Adopt(await alice.ExpectAsync(MessageTypes.SessionToken));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.ExpectAsync(MessageTypes.History);
        await alice.ExpectSystemAsync("alice has joined.");
        await alice.SayAsync("hi");
        await alice.ExpectChatAsync("alice", "hi");
        await legacy.SendAsync(MessageTypes.Typing);
        await alice.ExpectAsync(MessageTypes.Typing);
        await alice.SendAsync(MessageTypes.Ping, new { id = "p" });
        await alice.ExpectAsync(MessageTypes.Pong);
        await alice.ExpectAckAsync("p");
        await alice.SendRawAsync("nonsense");
        await alice.ExpectErrorAsync(ErrorCode.InvalidMessage);
        await alice.SendAsync(MessageTypes.Typing, new { token = "wrong" });
        await alice.ExpectErrorAsync(ErrorCode.InvalidToken);
        await alice.JoinAsync();
        await alice.ExpectSystemAsync("alice joined voice chat");
        await alice.LoseSocketAsync();

        using var back = await server.ResumeAsync(alice, 0);
        foreach (var message in alice.Received.Skip(1))
            Assert.That((await back.ReceiveAsync()).GetRawText(), Is.EqualTo(message.GetRawText()));
        await back.LoseSocketAsync();

        using var again = await server.ResumeAsync(back, alice.Counted);
        await again.ExpectNothingAsync();
    }

    [Test]
    public async Task A_count_goes_on_over_all_sockets()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        await pair.Alice.SignalAsync("bob", 3);
        using var second = await pair.Server.ResumeAsync(pair.Bob);
        await second.ExpectSignalsAsync(1, 2); // The third is lost with the socket.
        await second.LoseSocketAsync();

        using var third = await pair.Server.ResumeAsync(second, pair.Bob.Counted + 2);

        await third.ExpectSignalsAsync(3, 3);
        await third.ExpectNothingAsync();
    }

    [Test]
    public async Task With_a_count_of_0_everything_comes_again()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        await alice.LoseSocketAsync();

        using var back = await server.ResumeAsync(alice, 0);

        await back.ExpectAsync(MessageTypes.HeartbeatConfig);
        await back.ExpectNothingAsync();
    }

    [Test]
    public async Task Neither_history_nor_arrival_are_told_again()
    {
        await using var server = await TestServer.StartAsync();
        using var legacy = await server.ConnectLegacyAsync("legacy");
        using var alice = await server.ConnectAsync("alice", chat: true);
        await legacy.ExpectSystemAsync("alice has joined.");
        await alice.LoseSocketAsync();

        using var back = await server.ResumeAsync(alice);

        await back.ExpectNothingAsync();
        await legacy.ExpectNothingAsync();
    }

    [Test]
    public async Task What_the_client_had_asked_for_is_answered_after_its_return()
    {
        await using var pair = await Pair.InCallAsync();
        pair.Bob.InMemory.StopReading();
        await pair.Bob.SendAsync(MessageTypes.Signal, new { targetUsername = "alice", signal = 1, id = 7 });
        await pair.Alice.ExpectSignalsAsync(1, 1);
        await pair.Bob.LoseSocketAsync();

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await bob.ExpectAckAsync(7);
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task The_query_does_not_matter()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();

        using var bob = pair.Server.Open(
            new ConnectionRequest(Profile.V1, "system", "elsewhere", "on", new FormerSession(pair.Bob.Token, pair.Bob.Counted)));
        Assert.That((await bob.ExpectResumedAsync()).Text("username"), Is.EqualTo("bob"));
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Not_even_if_it_is_wrong()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();

        using var bob = pair.Server.Open(
            new ConnectionRequest(Profile.V1, "?", "no room", Former: new FormerSession(pair.Bob.Token, pair.Bob.Counted)));

        await bob.ExpectResumedAsync();
    }

    [Test]
    public async Task A_token_that_nobody_has_means_a_new_session()
    {
        await using var server = await TestServer.StartAsync();

        using var alice = server.Return(new string('0', 64), 5, "alice");
        await alice.ExpectNewAsync("unknown");

        Assert.That(alice.Name, Is.EqualTo("alice"));
        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_count_that_is_too_high_ends_the_session_and_passes_its_name_on()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();

        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted + 1);
        var greeting = await bob.ExpectNewAsync("incomplete");

        Assert.That((greeting.Text("username"), greeting.GetProperty("resumeGraceMs").GetInt32()), Is.EqualTo(("bob", 30_000)));
        await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");
        Assert.That(pair.Server.Get<SessionStore>().Count, Is.EqualTo(2));
    }

    /// <summary>The URL is as old as the first connection; a name can be changed since.</summary>
    [Test]
    public async Task Also_if_the_name_in_its_url_is_not_the_one_it_has_by_now()
    {
        await using var server = await TestServer.StartAsync();
        using var bob = await server.ConnectAsync("bob", chat: true);
        await bob.SayAsync("/nick Robert");
        await bob.ExpectSystemAsync("bob is now Robert");
        await bob.LoseSocketAsync();

        using var back = server.Return(bob, 999, name: "bob");

        Assert.That((await back.ExpectNewAsync("incomplete")).Text("username"), Is.EqualTo("Robert"));
    }

    [Test]
    public async Task After_incomplete_the_client_joins_again_and_names_its_former_stay()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        using var bob = pair.Server.Return(pair.Bob, 99);
        await bob.ExpectNewAsync("incomplete");
        await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");

        await bob.SendAsync(MessageTypes.Join, new { room = "demo", previousPeerId = pair.Bob.PeerId });

        var roster = (await bob.ExpectAsync(MessageTypes.Joined)).GetProperty("participants").EnumerateArray().ToList();
        Assert.That(roster.Select(participant => participant.Text("username")), Is.EqualTo(["alice", "bob"]));
        Assert.That(roster[1].Text("previousPeerId"), Is.EqualTo(pair.Bob.PeerId));
        Assert.That((await pair.Alice.ExpectAsync(MessageTypes.PeerJoined)).Text("previousPeerId"), Is.EqualTo(pair.Bob.PeerId));
    }

    [Test]
    public async Task A_new_session_counts_from_0()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        using var bob = pair.Server.Return(pair.Bob, 99);
        await bob.ExpectNewAsync("incomplete");
        await bob.LoseSocketAsync();

        using var back = await pair.Server.ResumeAsync(bob, 1);

        await back.ExpectNothingAsync();
    }

    [Test]
    public async Task Whoever_left_the_room_before_is_not_in_it_afterwards()
    {
        await using var pair = await Pair.InCallAsync();
        pair.Bob.InMemory.StopReading();
        await pair.Bob.LeaveAsync("l");
        await pair.Alice.ExpectLeftAsync(pair.Bob, "left");
        await pair.Bob.LoseSocketAsync();

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        Assert.That((await bob.ExpectAsync(MessageTypes.Left)).Text("id"), Is.EqualTo("l"));
        await bob.OfferAsync("alice");
        await bob.ExpectErrorAsync(ErrorCode.NotJoined);
        await pair.Alice.ExpectNothingAsync();
    }
}
