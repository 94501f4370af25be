using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd;

internal sealed class CallTests
{
    [Test]
    public async Task Two_peers_set_up_a_call()
    {
        await using var call = await Pair.InCallAsync();
        var (alice, bob) = (call.Alice, call.Bob);

        await alice.OfferAsync("bob");
        await alice.CandidateAsync("bob", "a1");
        await bob.ExpectAsync(MessageTypes.Offer);
        await bob.ExpectCandidateAsync("alice", "a1");
        await bob.AnswerAsync("alice");
        await bob.CandidateAsync("alice", "b1");
        await alice.ExpectAsync(MessageTypes.Answer);
        await alice.ExpectCandidateAsync("bob", "b1");
    }
}
