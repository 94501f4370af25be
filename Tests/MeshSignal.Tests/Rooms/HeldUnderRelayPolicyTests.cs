using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>Candidates are filtered before they are held: nothing that could tell an address is kept, and what the limits count is what may pass.</summary>
internal sealed class HeldUnderRelayPolicyTests
{
    [TestCase(Profile.V1, Profile.V1)]
    [TestCase(Profile.Legacy, Profile.V1)]
    [TestCase(Profile.V1, Profile.Legacy)]
    public async Task Of_those_that_wait_only_relays_are_released_and_in_their_order(Profile alice, Profile bob)
    {
        await using var call = await Pair.InCallAsync(alice, bob, RelayRoom.Settings);
        foreach (var candidate in new[] { RelayRoom.Relay(1), RelayRoom.Host, RelayRoom.Relay(2), RelayRoom.Liar, "", RelayRoom.Relay(3) })
            await call.Alice.CandidateAsync("bob", candidate);
        await call.Alice.SettleAsync();
        await call.Bob.ExpectNothingAsync();

        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(4));

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(2));
        await call.Bob.ExpectCandidateAsync("alice", "");
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(3));
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(4));
        await call.Alice.SettleAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task What_waits_for_an_answer_is_filtered_in_both_directions()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", $"{RelayRoom.Relay(1)} network-id 3", buffer: true);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host, buffer: true);
        await call.Alice.SettleAsync();
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.CandidateAsync("alice", RelayRoom.Relay(2).Replace("0.0.0.0", "192.168.1.7", StringComparison.Ordinal));
        await call.Bob.CandidateAsync("alice", RelayRoom.Liar);
        await call.Bob.SettleAsync();

        await call.Bob.AnswerAsync("alice");

        await call.Alice.ExpectAsync(MessageTypes.Answer);
        await call.Alice.ExpectCandidateAsync("bob", RelayRoom.Relay(2));
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
        await call.Bob.ExpectNothingAsync();
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task What_is_kept_is_the_filtered_one()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await SendAsync(call.Alice, $$"""{"candidate":"{{RelayRoom.Relay(1)}} network-id 3","address":"192.168.1.7","url":"turn:x"}""");
        await SendAsync(call.Alice, $$"""{"candidate":"{{RelayRoom.Host}}"}""");
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);
        await call.Alice.ExpectNothingAsync();

        var kept = Hold(call.Server, "alice", "bob").TakeAll().Select(held => Encoding.UTF8.GetString(held.Message.Candidate.Utf8.Span));
        Assert.That(kept, Is.EqualTo([$$"""{"candidate":"{{RelayRoom.Relay(1)}}"}"""]));
    }

    [Test]
    public async Task Dropped_ones_take_no_place_among_the_64()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        for (var i = 1; i <= 64; i++)
        {
            await call.Alice.CandidateAsync("bob", RelayRoom.Host);
            await call.Alice.CandidateAsync("bob", RelayRoom.Relay(i));
        }

        var told = (await call.Alice.ReceiveAllAsync()).Select(error => error.Text("code"));
        Assert.That(told, Is.EqualTo(["relay-policy"]));
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(65));
        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped)).Text("reason"), Is.EqualTo("overflow"));
        await call.Alice.OfferAsync("bob");

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        for (var i = 2; i <= 65; i++)
            await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(i));
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task What_is_cut_away_takes_no_room_either()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        for (var i = 1; i <= 4; i++)
            await SendAsync(call.Alice, $$"""{"candidate":"{{RelayRoom.Relay(i)}}","padding":"{{new string('x', CandidateHold.MaxBytes / 2)}}"}""");
        await call.Alice.ExpectNothingAsync();

        await call.Alice.OfferAsync("bob");

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        for (var i = 1; i <= 4; i++)
            await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(i));
    }

    /// <summary>Nothing passes by the policy, whoever put it where it waits.</summary>
    [Test]
    public async Task What_should_never_have_been_kept_is_not_released()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));
        await call.Alice.ExpectNothingAsync();
        var smuggled = new CandidateMessage(new IceCandidate(Encoding.UTF8.GetBytes($"\"{RelayRoom.Host}\"")), Buffer: false) { TargetUsername = "bob" };
        Hold(call.Server, "alice", "bob").Add(new HeldCandidate(smuggled, call.Server.Clock.GetTimestamp()));

        await call.Alice.OfferAsync("bob");

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped)).Summary().Reason, Is.EqualTo("unavailable"));
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task A_held_one_that_goes_is_told_by_its_id_as_ever()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1), id: "r1");
        await call.Alice.ExpectAckAsync("r1");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host, id: "h1");
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy, "h1");

        await call.Bob.LeaveAsync();

        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped, "r1")).Text("reason"), Is.EqualTo("peer-left"));
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
    }

    /// <summary>What the server keeps; to be looked at only while nothing is on its way.</summary>
    private static CandidateHold Hold(TestServer server, string sender, string target)
    {
        var peers = server.Get<SessionStore>().All.ToDictionary(session => session.Username.Value, session => session.Peer!, StringComparer.Ordinal);
        return peers[sender].HoldFor(peers[target]);
    }

    private static Task SendAsync(TestPeer peer, string candidate) =>
        peer.SendRawAsync($$"""{"type":"webrtc-ice-candidate","token":"{{peer.Token}}","targetUsername":"bob","candidate":{{candidate}}}""");
}
