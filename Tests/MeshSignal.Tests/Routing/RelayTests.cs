using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Routing;

internal sealed class RelayTests
{
    [Test]
    [TestCase(MessageTypes.Offer, "offer", """{"type":"offer","sdp":"v=0\r\na=<&>é\u00e9","extra":[1,{"x":null}]}""")]
    [TestCase(MessageTypes.Answer, "answer", """{"sdp":"v=0","type":"answer"}""")]
    [TestCase(MessageTypes.Offer, "offer", "\"v=0 as text\"")]
    [TestCase(MessageTypes.Signal, "signal", """[1.50,"two",{"three":false}]""")]
    [TestCase(MessageTypes.Signal, "signal", "0")]
    public async Task What_a_peer_sends_arrives_as_it_was_sent_stamped_with_who_sent_it(string type, string payload, string value)
    {
        await using var call = await Pair.InCallAsync();

        await call.Alice.SendRawAsync(
            $$"""{"type":"{{type}}","token":"{{call.Alice.Token}}","fromUsername":"bob","fromPeerId":"x","targetUsername":"bob","{{payload}}":{{value}}}""");

        var message = await call.Bob.ExpectAsync(type);
        Assert.That((message.Text("fromUsername"), message.Text("fromPeerId")), Is.EqualTo(("alice", call.Alice.PeerId)));
        Assert.That(message.GetProperty(payload).GetRawText(), Is.EqualTo(value));
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Only_the_target_gets_it()
    {
        await using var call = await Pair.InCallAsync();
        using var carol = await call.AddAsync("carol");

        await call.Alice.OfferAsync("carol");

        await carol.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    [TestCase("carol")] // In the scope, but in no room.
    [TestCase("dave")] // In another room.
    [TestCase("nobody")]
    [TestCase("BOB")] // Names of targets match exactly.
    public async Task A_target_that_is_not_in_the_room_is_not_found(string target)
    {
        await using var call = await Pair.InCallAsync();
        using var carol = await call.Server.ConnectAsync("carol");
        using var dave = await call.Server.ConnectAsync("dave");
        await dave.JoinAsync("other");

        await call.Alice.OfferAsync(target, id: 1);

        var error = await call.Alice.ExpectErrorAsync(ErrorCode.TargetNotFound);
        Assert.That((error.GetProperty("id").GetInt32(), error.Text("targetUsername"), error.Text("error")), Is.EqualTo((1, target, "Target user not in voice chat")));
        await carol.ExpectNothingAsync();
        await dave.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task A_peer_id_of_an_earlier_stay_is_not_found()
    {
        await using var call = await Pair.InCallAsync();
        var former = call.Bob.PeerId;
        await call.Bob.LeaveAsync();
        await call.Bob.ExpectAsync(MessageTypes.Left);
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
        await call.JoinBobAsync();
        var offer = new { sdp = "v=0" };

        await call.Alice.SendAsync(MessageTypes.Offer, new { targetUsername = "bob", targetPeerId = former, offer });
        await call.Alice.ExpectErrorAsync(ErrorCode.TargetNotFound);
        await call.Alice.SendAsync(MessageTypes.Offer, new { targetUsername = "bob", targetPeerId = call.Bob.PeerId, offer });

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Nobody_calls_without_having_joined()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.LeaveAsync();
        await call.Alice.ExpectAsync(MessageTypes.Left);

        await call.Alice.OfferAsync("bob");

        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.NotJoined)).Text("error"), Is.EqualTo("Not in voice chat"));
    }

    [Test]
    public async Task A_signal_for_a_legacy_peer_has_no_valid_target()
    {
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy);

        await call.Alice.SendAsync(MessageTypes.Signal, new { targetUsername = "bob", signal = "x", id = 1 });

        var error = await call.Alice.ExpectErrorAsync(ErrorCode.InvalidTarget);
        Assert.That((error.Text("reason"), error.GetProperty("id").GetInt32()), Is.EqualTo(("legacy", 1)));
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    [TestCase("""{"targetUsername":"bob","signal":"x"}""")]
    [TestCase("""{"targetUsername":"bob"}""")]
    [TestCase("""{}""")]
    public async Task A_signal_from_a_legacy_client_is_an_unknown_type(string fields)
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.V1);

        await call.Alice.SendRawAsync($$"""{"type":"webrtc-signal","token":"{{call.Alice.Token}}"{{(fields == "{}" ? "}" : "," + fields[1..])}}""");

        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.UnknownType)).Text("error"), Is.EqualTo("Unknown WebRTC message type"));
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    [TestCase("null")]
    [TestCase("\"\"")]
    public async Task The_end_of_candidates_goes_to_v1_and_not_to_legacy(string candidate)
    {
        await using var call = await Pair.InCallAsync();
        using var carol = await call.AddAsync("carol", Profile.Legacy);
        foreach (var target in new[] { "bob", "carol" })
        {
            await call.Alice.OfferAsync(target);
            await call.Alice.SendRawAsync(
                $$"""{"type":"webrtc-ice-candidate","token":"{{call.Alice.Token}}","targetUsername":"{{target}}","candidate":{{candidate}},"id":"{{target}}"}""");
            await call.Alice.ExpectAckAsync(target);
        }

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        Assert.That((await call.Bob.ExpectAsync(MessageTypes.IceCandidate)).GetProperty("candidate").GetRawText(), Is.EqualTo(candidate));
        await carol.ExpectAsync(MessageTypes.Offer);
        await carol.ExpectNothingAsync();
    }
}
