using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd;

internal sealed class CallTests
{
    [Test]
    public async Task Two_peers_set_up_a_call()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        await alice.JoinAsync("demo");
        await bob.JoinAsync("demo");
        await alice.ExpectAsync(MessageTypes.PeerJoined);

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
