using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>Nothing vanishes in silence for a v1 client: of every candidate that will not arrive, its sender is told.</summary>
internal sealed class DroppedCandidateTests
{
    [Test]
    public async Task Whoever_answers_while_its_own_offer_is_open_has_rolled_it_back_with_its_candidates()
    {
        await using var call = await Pair.InCallAsync();
        await call.Bob.OfferAsync("alice");
        await call.Bob.CandidateAsync("alice", "b1", buffer: true, id: "b1");
        await call.Bob.CandidateAsync("alice", "b2", buffer: true);
        await call.Bob.ExpectAckAsync("b1");
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "a1", buffer: true);
        await call.Alice.ExpectAsync(MessageTypes.Offer);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectAsync(MessageTypes.Offer);

        await call.Bob.AnswerAsync("alice", id: "answer");
        await call.Bob.CandidateAsync("alice", "b3");

        ExpectDropped(await call.Bob.ExpectErrorAsync(ErrorCode.CandidateDropped), "rolled-back", "alice", "b1");
        ExpectDropped(await call.Bob.ExpectErrorAsync(ErrorCode.CandidateDropped), "rolled-back", "alice", null);
        await call.Bob.ExpectCandidateAsync("alice", "a1");
        await call.Bob.ExpectAckAsync("answer");
        await call.Alice.ExpectAsync(MessageTypes.Answer);
        await call.Alice.ExpectCandidateAsync("bob", "b3");
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_legacy_peer_that_rolled_back_hears_nothing_and_they_are_dropped_all_the_same()
    {
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy);
        await call.Bob.OfferAsync("alice");
        await call.Bob.CandidateAsync("alice", "b1", buffer: true);
        await call.Alice.ExpectAsync(MessageTypes.Offer);
        await call.Alice.OfferAsync("bob");
        await call.Bob.ExpectAsync(MessageTypes.Offer);

        await call.Bob.AnswerAsync("alice");

        await call.Alice.ExpectAsync(MessageTypes.Answer);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task After_a_rollback_the_void_offer_holds_nothing_any_more()
    {
        await using var call = await Pair.InCallAsync();
        await call.Bob.OfferAsync("alice");
        await call.Alice.ExpectAsync(MessageTypes.Offer);
        await call.NegotiateAsync();

        await call.Bob.CandidateAsync("alice", "b1", buffer: true);

        await call.Alice.ExpectCandidateAsync("bob", "b1");
    }

    [Test]
    public async Task Of_65_the_oldest_is_dropped_and_64_arrive()
    {
        await using var call = await Pair.InCallAsync();
        for (var i = 1; i <= 64; i++)
            await call.Alice.CandidateAsync("bob", $"a{i}", id: i);
        for (var i = 1; i <= 64; i++)
            await call.Alice.ExpectAckAsync(i);

        await call.Alice.CandidateAsync("bob", "a65", id: 65);
        ExpectDropped(await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped), "overflow", "bob", "1");
        await call.Alice.ExpectAckAsync(65);
        await call.Alice.OfferAsync("bob");

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        for (var i = 2; i <= 65; i++)
            await call.Bob.ExpectCandidateAsync("alice", $"a{i}");
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task The_64_are_counted_for_each_direction()
    {
        await using var call = await Pair.InCallAsync();
        for (var i = 1; i <= 64; i++)
        {
            await call.Alice.CandidateAsync("bob", $"a{i}");
            await call.Bob.CandidateAsync("alice", $"b{i}");
        }

        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task What_is_held_for_more_than_30_seconds_is_dropped()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.CandidateAsync("bob", "a1", id: "a1");
        await call.Alice.ExpectAckAsync("a1");

        call.Server.Advance(CandidateHold.MaxAge, call.Alice, call.Bob);
        await call.Alice.CandidateAsync("bob", "a2", id: "a2");
        await call.Alice.ExpectAckAsync("a2");
        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(TimeSpan.FromSeconds(1), call.Alice, call.Bob);

        ExpectDropped(await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped), "expired", "bob", "a1");
        await call.Alice.OfferAsync("bob");
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", "a2");
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Buffered_ones_of_an_offer_that_nobody_answers_expire_too()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "a1", buffer: true, id: "a1");
        await call.Alice.ExpectAckAsync("a1");

        call.Server.Advance(TimeSpan.FromSeconds(31), call.Alice, call.Bob);

        ExpectDropped(await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped), "expired", "bob", "a1");
    }

    [Test]
    [TestCase(true)]
    [TestCase(false)]
    public async Task What_was_held_for_one_who_leaves_is_told_before_the_leaving(bool says)
    {
        await using var call = await Pair.InCallAsync(Grace.None);
        await call.Alice.CandidateAsync("bob", "a1", id: "a1");
        await call.Alice.CandidateAsync("bob", "a2");
        await call.Alice.ExpectAckAsync("a1");
        await call.Alice.ExpectNothingAsync();

        if (says)
            await call.Bob.LeaveAsync();
        else
            call.Bob.Socket.Abort();

        ExpectDropped(await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped), "peer-left", "bob", "a1");
        ExpectDropped(await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped), "peer-left", "bob", null);
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
    }

    [Test]
    public async Task Whoever_joins_again_begins_anew_in_both_directions()
    {
        await using var call = await Pair.InCallAsync();
        await call.NegotiateAsync();
        await call.Bob.LeaveAsync();
        await call.Bob.ExpectAsync(MessageTypes.Left);
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
        await call.JoinBobAsync();

        await call.Alice.CandidateAsync("bob", "a1");
        await call.Bob.CandidateAsync("alice", "b1");
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
        await call.Bob.OfferAsync("alice");
        await call.Alice.ExpectAsync(MessageTypes.Offer);
        await call.Alice.ExpectCandidateAsync("bob", "b1");
        await call.Alice.AnswerAsync("bob");
        await call.Bob.ExpectAsync(MessageTypes.Answer);
        await call.Bob.ExpectCandidateAsync("alice", "a1");
    }

    [Test]
    public async Task A_legacy_sender_is_told_nothing_of_all_this()
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.V1);
        for (var i = 0; i < 70; i++)
            await call.Alice.CandidateAsync("bob", $"a{i}");
        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(TimeSpan.FromSeconds(31), call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
        await call.Alice.CandidateAsync("bob", "late");
        await call.Alice.ExpectNothingAsync();

        await call.Bob.LeaveAsync();

        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
    }

    private static void ExpectDropped(JsonElement error, string reason, string target, string? id)
    {
        var actualId = error.TryGetProperty("id", out var value) ? value.ToString() : null;
        Assert.That((error.Text("reason"), error.Text("targetUsername"), error.GetProperty("dropped").GetInt32(), actualId), Is.EqualTo((reason, target, 1, id)));
        Assert.That((error.Text("requestType"), error.GetProperty("retryable").GetBoolean()), Is.EqualTo((MessageTypes.IceCandidate, false)));
    }
}
