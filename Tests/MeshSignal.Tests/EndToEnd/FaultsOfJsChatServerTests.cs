using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Rooms;
using MeshSignal.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>
/// What js-chat-server does wrong and this server must not, by the numbers of the list. Not here: 9 and the address tables of 11, which are about addresses
/// and need a real socket, and the rates of 10.
/// </summary>
internal sealed class FaultsOfJsChatServerTests
{
    [Test]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("[{}]")]
    [TestCase("5")]
    [TestCase("\"text\"")]
    [TestCase("true")]
    [TestCase("")]
    [TestCase("{")]
    [TestCase("{}")]
    [TestCase("\0")]
    [TestCase("""{"type":{}}""")]
    [TestCase("""{"type":"chat","token":"wrong","content":"x"}""")]
    [TestCase("""{"type":"chat","token":null}""")]
    [TestCase("""{"type":"__proto__"}""")]
    [TestCase("""{"type":"webrtc-"}""")]
    [TestCase("""{"type":"webrtc-join","token":"TOKEN","mediaTypes":5}""")]
    [TestCase("""{"type":"webrtc-join","token":"TOKEN","mediaTypes":{"length":1}}""")]
    [TestCase("""{"type":"webrtc-media-change","token":"TOKEN"}""")]
    [TestCase("""{"type":"chat","token":"TOKEN","content":{"toString":1}}""")]
    [TestCase("""{"type":"chat","token":"TOKEN","content":null}""")]
    [TestCase("""{"type":"chat","type":"ping"}""")]
    [TestCase("""{"type":"chat","token":"TOKEN","content":"\ud800"}""")]
    [TestCase("""{"type":"webrtc-offer","token":"TOKEN","targetUsername":"\ud800","offer":{}}""")]
    public async Task Fault_1_No_frame_harms_anybody(string frame)
    {
        await using var lobby = await Lobby.OpenAsync();

        await lobby.Alice.SendRawAsync(frame.Replace("TOKEN", lobby.Alice.Token, StringComparison.Ordinal));
        var answers = await lobby.Alice.ReceiveAllAsync();

        Assert.That(answers.Select(answer => answer.Text("type")), Is.EqualTo(new[] { MessageTypes.System }).Or.EqualTo(new[] { MessageTypes.Error }));
        await lobby.Bob.ExpectNothingAsync();
        await lobby.Alice.SayAsync("still here");
        await lobby.Bob.ExpectChatAsync("Alice", "still here");
    }

    [Test]
    public async Task Fault_2_The_offerers_held_candidates_are_delivered()
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.Legacy);
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "a1", buffer: true);
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.CandidateAsync("alice", "b1", buffer: true);
        await call.Bob.ExpectNothingAsync();

        await call.Bob.AnswerAsync("alice");

        await call.Alice.ExpectAsync(MessageTypes.Answer);
        await call.Alice.ExpectCandidateAsync("bob", "b1");
        await call.Bob.ExpectCandidateAsync("alice", "a1");
    }

    [Test]
    [TestCase(Profile.Legacy, Profile.Legacy)]
    [TestCase(Profile.Legacy, Profile.V1)]
    [TestCase(Profile.V1, Profile.Legacy)]
    public async Task Fault_3_Relaying_is_enforced_where_it_is_announced(Profile alice, Profile bob)
    {
        await using var call = await Pair.InCallAsync(alice, bob, RelayRoom.Settings);
        var config = call.Bob.Received.Single(message => message.Text("type") == MessageTypes.Joined).GetProperty("config");
        Assert.That((config.GetProperty("forceRelay").GetBoolean(), config.Text("iceTransportPolicy")), Is.EqualTo((true, "relay")));

        await call.Alice.OfferAsync("bob", $"v=0\r\nc=IN IP4 192.168.1.7\r\nm=audio 54400 RTP/AVP 0\r\na={RelayRoom.Host}\r\na={RelayRoom.Relay(1)}\r\n");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(2));

        Assert.That(
            (await call.Bob.ExpectAsync(MessageTypes.Offer)).GetProperty("offer").Text("sdp"),
            Is.EqualTo($"v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 9 RTP/AVP 0\r\na={RelayRoom.Relay(1)}\r\n"));
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(2));
        await call.Alice.SettleAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Fault_3_Nor_is_it_announced_where_it_is_not_enforced()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice", chat: false);

        var config = (await alice.JoinAsync()).GetProperty("config");

        Assert.That(config.GetProperty("forceRelay").GetBoolean(), Is.False);
        Assert.That(config.Text("iceTransportPolicy"), Is.EqualTo("all"));
    }

    [Test]
    public void Fault_3_It_cannot_be_asked_for_without_what_it_takes()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("MeshSignal:Calls:ForceRelay", (string?)"true")]).Build();

        Assert.That(ConfigurationCheck.Errors(configuration), Has.Count.EqualTo(2).And.All.StartsWith("MeshSignal:Calls:ForceRelay needs "));
    }

    [Test]
    public async Task Fault_4_A_media_change_keeps_to_what_the_operator_allows()
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.Legacy, ("MeshSignal:Calls:AllowScreenShare", "false"));

        foreach (var type in new object[] { "screen", "hologram", 5, new { } })
        {
            await call.Alice.SendAsync(MessageTypes.MediaChange, new { mediaTypes = new[] { "audio", type } });
            await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed);
        }

        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Fault_5_Nobody_takes_the_name_of_one_who_is_in_a_call()
    {
        await using var lobby = await Lobby.OpenAsync();
        await lobby.Alice.SendAsync(MessageTypes.Join);
        await lobby.Alice.SettleAsync();
        await lobby.Bob.SettleAsync();

        await lobby.Alice.SayAsync("/nick Carol");
        await lobby.Alice.ExpectSystemAsync("You cannot change your nickname during a call.");
        await lobby.Bob.SayAsync("/nick Alice");

        await lobby.Bob.ExpectSystemAsync("Username \"Alice\" is already taken.");
    }

    [Test]
    public async Task Fault_6_An_offer_to_oneself_is_refused()
    {
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy);

        await call.Alice.OfferAsync("alice", id: 1);
        await call.Bob.OfferAsync("bob");

        await call.Alice.ExpectErrorAsync(ErrorCode.InvalidTarget, 1);
        await call.Alice.ExpectNothingAsync();
        Assert.That((await call.Bob.ExpectErrorAsync(ErrorCode.InvalidTarget)).Text("error"), Is.EqualTo("Invalid offer data"));
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Fault_7_A_candidate_to_an_absent_target_does_not_vanish_silently()
    {
        await using var call = await Pair.InCallAsync();
        await call.Bob.LeaveAsync();
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);

        await call.Alice.CandidateAsync("bob", "a1", id: "a1");

        var error = await call.Alice.ExpectErrorAsync(ErrorCode.TargetNotFound);
        Assert.That((error.Text("id"), error.Text("targetUsername")), Is.EqualTo(("a1", "bob")));
    }

    [Test]
    public async Task Fault_8_A_relayed_message_is_one_delivery_however_many_sockets_there_are()
    {
        await using var call = await Pair.InCallAsync(FaultyCluster.Replacing(out var cluster));
        for (var i = 0; i < 50; i++)
            await call.Server.ConnectAsync("bob", $"scope-{i}");
        var before = cluster.Deliveries;

        await call.Alice.OfferAsync("bob");

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        Assert.That(cluster.Deliveries - before, Is.EqualTo(1));
    }

    [Test]
    public async Task Fault_10_A_message_that_is_too_large_closes_who_sent_it()
    {
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy);

        await call.Alice.OfferAsync("bob", new string('x', 64 * 1024));

        Assert.That(await call.Alice.ExpectCloseAsync(), Is.EqualTo((int)CloseCode.MessageTooBig));
        Assert.That((await call.Bob.ExpectAsync(MessageTypes.PeerLeft)).Text("reason"), Is.EqualTo("disconnected"));
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Fault_11_The_cap_is_exact_and_names_that_differ_in_case_are_one()
    {
        await using var call = await Pair.InCallAsync(("MeshSignal:Calls:MaxParticipants", "2"));
        using var carol = await call.Server.ConnectAsync("carol");
        using var alice = call.Server.Open(new ConnectionRequest(Profile.V1, "Alice"));

        await carol.SendAsync(MessageTypes.Join, new { room = "demo" });

        await carol.ExpectErrorAsync(ErrorCode.RoomFull);
        await alice.ExpectErrorAsync(ErrorCode.NameTaken);
    }

    [Test]
    public async Task Fault_12_What_begins_with_a_slash_is_shown_to_nobody()
    {
        await using var lobby = await Lobby.OpenAsync();
        foreach (var line in new[] { "/banana", "/login Alice hunter2", "/login Alice hunter2", "/register Alice hunter2", "/LOGIN Alice hunter2" })
            await lobby.Alice.SayAsync(line);
        Assert.That((await lobby.Alice.ReceiveAllAsync()).Select(answer => answer.Text("text")), Is.EqualTo(
        [
            "Unknown command. Type /help for a list.", "This server has no accounts.", "This server has no accounts.", "This server has no accounts.",
            "Unknown command. Type /help for a list.",
        ]));

        await lobby.Bob.ExpectNothingAsync();
        using var carol = lobby.Server.Open(new ConnectionRequest(Profile.Legacy, "Carol"));
        Assert.That((await carol.GreetedUpToHistoryAsync()).Select(line => line.GetRawText()), Is.All.Not.Contains("hunter2").And.All.Not.Contains("banana"));
        Assert.That(lobby.Server.Log.Lines, Is.All.Not.Contains("hunter2"));
    }

    [Test]
    public async Task Fault_13_One_ping_gets_one_pong()
    {
        await using var lobby = await Lobby.OpenAsync();

        await lobby.Alice.SendAsync(MessageTypes.Ping);

        await lobby.Alice.ExpectAsync(MessageTypes.Pong);
        await lobby.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Fault_13_A_half_open_socket_does_not_hold_its_name_and_refusals_have_a_code()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var gone = await server.ConnectLegacyAsync("Alice");
        gone.InMemory.AnswersPings = false;
        using var early = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));
        Assert.That(await early.ExpectCloseAsync(), Is.EqualTo((int)CloseCode.NameTaken));
        server.Advance(TimeSpan.FromSeconds(2));

        using var back = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));
        await clock.WhenDelayBeginsAsync();
        server.Advance(TimeSpan.FromSeconds(2));

        await back.GreetedAsync(withChat: true);
    }

    [Test]
    public async Task Fault_14_Stopping_tells_everybody_to_come_back()
    {
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy);

        await call.Server.StopAsync();

        Assert.That(await call.Alice.ExpectCloseAsync(), Is.EqualTo((int)CloseCode.ServiceRestart));
        Assert.That(await call.Bob.ExpectCloseAsync(), Is.EqualTo((int)CloseCode.ServiceRestart));
        Assert.That(call.Server.Get<Readiness>().IsReady, Is.False);
    }
}
