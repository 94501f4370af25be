using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Clients;

/// <summary>js-chat-server clients on the libraries that they are built on, compression and pings included, as those have them by default.</summary>
[TestFixtureSource(typeof(Library), nameof(Library.All))]
internal sealed class LegacyClientTests(Library library)
{
    [SetUp]
    public void RequireLibrary() => library.RequireInstalled();

    [Test]
    public async Task Client_is_greeted_as_it_expects()
    {
        await using var server = await RealServer.StartAsync(("MeshSignal:Motd", "be kind"));
        using var alice = await library.OpenLegacyAsync(server, "alice");

        var greeting = await alice.ExpectAsync(MessageTypes.SessionToken);
        Assert.That((greeting.Text("token").Length, greeting.Text("protocol")), Is.EqualTo((64, "legacy")));
        Assert.That((await alice.ExpectAsync(MessageTypes.HeartbeatConfig)).GetProperty("interval").GetInt32(), Is.EqualTo(30_000));
        Assert.That((await alice.ExpectAsync(MessageTypes.History)).GetProperty("messages").GetArrayLength(), Is.Zero);
        await alice.ExpectSystemAsync("MOTD: be kind");
        await alice.ExpectSystemAsync("alice has joined.");
    }

    [Test]
    public async Task Nothing_is_negotiated_that_the_client_did_not_ask_for()
    {
        await using var server = await RealServer.StartAsync();
        using var client = await library.OpenSocketAsync(server);

        Assert.That((client.Opening.Text("event"), client.Opening.Text("protocol"), client.Opening.Text("extensions")), Is.EqualTo(("open", "", "")));
    }

    [Test]
    public async Task Client_that_offers_our_subprotocol_among_others_gets_it()
    {
        await using var server = await RealServer.StartAsync();
        using var client = await library.OpenSocketAsync(server, "/ws?username=alice", "chat", "meshsignal.v1");

        Assert.That(client.Opening.Text("protocol"), Is.EqualTo("meshsignal.v1"));
        using var alice = await new TestPeer(client, Profile.V1).GreetedAsync(withChat: false);
        await alice.SendAsync(MessageTypes.Ping, new { id = "p1" });
        await alice.ExpectAsync(MessageTypes.Pong);
        await alice.ExpectAckAsync("p1");
    }

    [Test]
    public async Task Chat_comes_back_to_its_sender_and_to_others()
    {
        const string text = "hello, wörld 𝄞 \u2028 \"<&>\"";
        await using var server = await RealServer.StartAsync();
        using var alice = await library.ConnectLegacyAsync(server, "alice");
        using var bob = await server.ConnectLegacyAsync("bob");
        await alice.ExpectSystemAsync("bob has joined.");
        await alice.SayAsync(text);

        foreach (var peer in new[] { alice, bob })
            await peer.ExpectChatAsync("alice", text);

        await alice.SayAsync("/list");
        await alice.ExpectSystemAsync("Online users: alice, bob");
    }

    [Test]
    public async Task Client_calls_a_peer_of_the_other_profile()
    {
        await using var server = await RealServer.StartAsync();
        using var alice = await library.ConnectLegacyAsync(server, "alice");
        await alice.JoinAsync();
        await alice.ExpectSystemAsync("alice joined voice chat");
        using var bob = await server.ConnectAsync("bob");
        await alice.ExpectSystemAsync("bob has joined.");
        var participants = (await bob.JoinAsync()).GetProperty("participants").EnumerateArray().Select(participant => participant.Text("username"));
        Assert.That(participants, Is.EqualTo(new[] { "alice", "bob" }));
        Assert.That((await alice.ExpectAsync(MessageTypes.PeerJoined)).Text("username"), Is.EqualTo("bob"));
        await alice.ExpectSystemAsync("bob joined voice chat");

        // Whoever is there already offers; its candidates wait for the answer because it says so.
        await alice.OfferAsync("bob", "v=0 alice");
        await alice.CandidateAsync("bob", "a1", buffer: true);
        var offer = (await bob.ExpectAsync(MessageTypes.Offer)).GetProperty("offer");
        Assert.That((offer.Text("type"), offer.Text("sdp")), Is.EqualTo(("offer", "v=0 alice")));
        await bob.AnswerAsync("alice", "v=0 bob");
        await bob.CandidateAsync("alice", "b1");
        await bob.ExpectCandidateAsync("alice", "a1");
        Assert.That((await alice.ExpectAsync(MessageTypes.Answer)).GetProperty("answer").Text("sdp"), Is.EqualTo("v=0 bob"));
        await alice.ExpectCandidateAsync("bob", "b1");

        await alice.SendAsync(MessageTypes.MediaChange, new { mediaTypes = new[] { "audio", "video" } });
        await bob.ExpectAsync(MessageTypes.MediaChanged);
        await alice.LeaveAsync();
        Assert.That((await bob.ExpectAsync(MessageTypes.PeerLeft)).Text("reason"), Is.EqualTo("left"));
        await alice.ExpectSystemAsync("alice left voice chat");
    }

    [Test]
    public async Task Client_without_an_answer_is_told_why_in_the_words_it_knows()
    {
        await using var server = await RealServer.StartAsync();
        using var alice = await library.ConnectLegacyAsync(server, "alice");
        await alice.OfferAsync("bob");
        Assert.That((await alice.ExpectAsync(MessageTypes.Error)).Text("error"), Is.EqualTo("Not in voice chat"));
        await alice.JoinAsync();
        await alice.ExpectSystemAsync("alice joined voice chat");
        await alice.OfferAsync("bob");
        Assert.That((await alice.ExpectAsync(MessageTypes.Error)).Text("error"), Is.EqualTo("Target user not in voice chat"));
    }
}
