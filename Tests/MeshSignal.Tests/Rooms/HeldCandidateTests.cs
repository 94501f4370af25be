using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>Section 5 of the wire protocol: no candidate comes before its sender's first description, and later ones keep the sender's order.</summary>
internal sealed class HeldCandidateTests
{
    [Test]
    public async Task Candidates_before_the_offer_come_right_after_it_in_their_order()
    {
        await using var call = await Pair.InCallAsync();

        await call.Alice.CandidateAsync("bob", "a1");
        await call.Alice.CandidateAsync("bob", "a2");
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "a3");

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", "a1");
        await call.Bob.ExpectCandidateAsync("alice", "a2");
        await call.Bob.ExpectCandidateAsync("alice", "a3");
    }

    [Test]
    public async Task The_answerers_candidates_wait_for_its_answer()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.OfferAsync("bob");
        await call.Bob.ExpectAsync(MessageTypes.Offer);

        await call.Bob.CandidateAsync("alice", "b1");
        await call.Bob.ExpectNothingAsync();
        await call.Alice.ExpectNothingAsync();
        await call.Bob.AnswerAsync("alice");

        await call.Alice.ExpectAsync(MessageTypes.Answer);
        await call.Alice.ExpectCandidateAsync("bob", "b1");
    }

    [Test]
    public async Task Buffered_ones_wait_for_the_answer_and_come_before_anything_later()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "a1", buffer: true);
        await call.Alice.CandidateAsync("bob", "a2", buffer: true);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectNothingAsync();

        await call.Bob.AnswerAsync("alice");
        await call.Alice.ExpectAsync(MessageTypes.Answer);
        await call.Alice.CandidateAsync("bob", "a3");

        await call.Bob.ExpectCandidateAsync("alice", "a1");
        await call.Bob.ExpectCandidateAsync("alice", "a2");
        await call.Bob.ExpectCandidateAsync("alice", "a3");
    }

    [Test]
    public async Task An_answer_releases_both_directions()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "a1", buffer: true);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.CandidateAsync("alice", "b1", buffer: true);
        await call.Bob.ExpectNothingAsync();

        await call.Bob.AnswerAsync("alice");

        await call.Alice.ExpectAsync(MessageTypes.Answer);
        await call.Alice.ExpectCandidateAsync("bob", "b1");
        await call.Bob.ExpectCandidateAsync("alice", "a1");
    }

    [Test]
    public async Task Buffer_without_an_open_offer_holds_nothing()
    {
        await using var call = await Pair.InCallAsync();
        await call.NegotiateAsync();

        await call.Alice.CandidateAsync("bob", "a1", buffer: true);
        await call.Bob.CandidateAsync("alice", "b1", buffer: true);

        await call.Bob.ExpectCandidateAsync("alice", "a1");
        await call.Alice.ExpectCandidateAsync("bob", "b1");
    }

    [Test]
    public async Task Buffer_is_only_true_itself()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.OfferAsync("bob");
        await call.Bob.ExpectAsync(MessageTypes.Offer);

        await call.Alice.SendAsync(MessageTypes.IceCandidate, new { targetUsername = "bob", candidate = new { candidate = "a1" }, buffer = "true" });
        await call.Alice.SendAsync(MessageTypes.IceCandidate, new { targetUsername = "bob", candidate = new { candidate = "a2" }, buffer = 1 });

        await call.Bob.ExpectCandidateAsync("alice", "a1");
        await call.Bob.ExpectCandidateAsync("alice", "a2");
    }

    [Test]
    public async Task An_ICE_restart_offer_holds_buffered_ones_again_and_no_others()
    {
        await using var call = await Pair.InCallAsync();
        await call.NegotiateAsync();

        await call.Alice.OfferAsync("bob", "v=0 restart");
        await call.Alice.CandidateAsync("bob", "a1", buffer: true);
        await call.Alice.CandidateAsync("bob", "a2");
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", "a2");
        await call.Bob.ExpectNothingAsync();
        await call.Bob.CandidateAsync("alice", "b1");
        await call.Alice.ExpectCandidateAsync("bob", "b1");
        await call.Bob.AnswerAsync("alice");

        await call.Bob.ExpectCandidateAsync("alice", "a1");
    }

    [Test]
    public async Task A_second_offer_does_not_release_what_waits_for_an_answer()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "a1", buffer: true);
        await call.Alice.OfferAsync("bob", "v=0 again");
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();

        await call.Bob.AnswerAsync("alice");

        await call.Bob.ExpectCandidateAsync("alice", "a1");
    }

    [Test]
    public async Task A_refused_description_releases_nothing()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.CandidateAsync("bob", "a1");

        await call.Alice.SendAsync(MessageTypes.Offer, new { targetUsername = "bob", targetPeerId = new string('0', 16), offer = new { sdp = "v=0" } });
        await call.Alice.ExpectErrorAsync(ErrorCode.TargetNotFound);
        await call.Alice.SendAsync(MessageTypes.Offer, new { targetUsername = "bob", offer = 5 });
        await call.Alice.ExpectErrorAsync(ErrorCode.InvalidDescription);
        await call.Alice.SendAsync(MessageTypes.Answer, new { targetUsername = "bob" });
        await call.Alice.ExpectErrorAsync(ErrorCode.InvalidDescription);
        await call.Alice.SendAsync(MessageTypes.Offer, new { token = "wrong", targetUsername = "bob", offer = new { sdp = "v=0" } });
        await call.Alice.ExpectErrorAsync(ErrorCode.InvalidToken);

        await call.Bob.ExpectNothingAsync();
        await call.Alice.OfferAsync("bob");
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", "a1");
    }

    [Test]
    public async Task A_description_that_could_not_be_queued_opens_no_offer()
    {
        await using var call = await Pair.InCallAsync(Grace.None, ("MeshSignal:Limits:SendQueueMessages", "16"));
        call.Bob.InMemory.StopReading();
        for (var i = 0; i < 17; i++)
        {
            await call.Alice.SendAsync(MessageTypes.Signal, new { targetUsername = "bob", signal = i, id = i });
            await call.Alice.ExpectAckAsync(i);
            await call.Bob.InMemory.WhenBlockedAsync();
        }

        await call.Alice.OfferAsync("bob", id: "offer");
        await call.Alice.ExpectErrorAsync(ErrorCode.TargetUnavailable);
        await call.Alice.CandidateAsync("bob", "a1", id: "a1"); // Not described: held, and so accepted.
        await call.Alice.ExpectAckAsync("a1");
        call.Bob.Socket.Abort();

        var dropped = await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped);
        Assert.That((dropped.Text("id"), dropped.Text("reason")), Is.EqualTo(("a1", "peer-left")));
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
    }

    [Test]
    [TestCase(Profile.Legacy, Profile.Legacy)]
    [TestCase(Profile.Legacy, Profile.V1)]
    [TestCase(Profile.V1, Profile.Legacy)]
    public async Task Legacy_and_v1_peers_are_held_alike(Profile alice, Profile bob)
    {
        await using var call = await Pair.InCallAsync(alice, bob);
        await call.Alice.CandidateAsync("bob", "a1", buffer: true);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();

        // It asks to wait for an answer, so the offer alone does not let it go.
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "a2", buffer: true);
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
        await call.Bob.AnswerAsync("alice");
        await call.Alice.ExpectAsync(MessageTypes.Answer);
        await call.Bob.ExpectCandidateAsync("alice", "a1");
        await call.Bob.ExpectCandidateAsync("alice", "a2");
    }

    [Test]
    public async Task Each_pair_is_held_for_itself()
    {
        await using var call = await Pair.InCallAsync();
        using var carol = await call.AddAsync("carol");

        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "for bob");
        await call.Alice.CandidateAsync("carol", "for carol");

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", "for bob");
        await call.Alice.ExpectNothingAsync();
        await carol.ExpectNothingAsync();
    }
}
