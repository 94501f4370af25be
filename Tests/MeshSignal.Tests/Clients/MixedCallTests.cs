using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Clients;

/// <summary>Two clients from npm and one from Debian in one room: a mesh of different libraries, none of them ours.</summary>
internal sealed class MixedCallTests
{
    [Test]
    public async Task Three_clients_of_two_libraries_are_a_mesh()
    {
        Library.Ws.RequireInstalled();
        Library.PythonWebsockets.RequireInstalled();
        await using var server = await RealServer.StartAsync();
        using var alice = await Library.Ws.ConnectLegacyAsync(server, "alice");
        using var bob = await Library.Ws.ConnectLegacyAsync(server, "bob");
        using var carol = await Library.PythonWebsockets.ConnectLegacyAsync(server, "carol");
        TestPeer[] peers = [alice, bob, carol];
        foreach (var peer in peers)
            await peer.SendAsync(MessageTypes.Join, new { mediaTypes = new[] { "audio" } });
        foreach (var peer in peers)
            await ExpectAmongOthersAsync(peer, MessageTypes.Joined);

        // Whoever was there before offers, and sends a candidate at once.
        foreach (var (offerer, answerer) in new[] { (alice, bob), (alice, carol), (bob, carol) })
        {
            await offerer.OfferAsync(answerer.Name, $"v=0 {offerer.Name}");
            await offerer.CandidateAsync(answerer.Name, $"from {offerer.Name}", buffer: true);
            var offer = await ExpectAmongOthersAsync(answerer, MessageTypes.Offer);
            Assert.That((offer.Text("fromUsername"), offer.GetProperty("offer").Text("sdp")), Is.EqualTo((offerer.Name, $"v=0 {offerer.Name}")));

            await answerer.AnswerAsync(offerer.Name, $"v=0 {answerer.Name}");
            await answerer.ExpectCandidateAsync(offerer.Name, $"from {offerer.Name}");
            var answer = await ExpectAmongOthersAsync(offerer, MessageTypes.Answer);
            Assert.That((answer.Text("fromUsername"), answer.GetProperty("answer").Text("sdp")), Is.EqualTo((answerer.Name, $"v=0 {answerer.Name}")));
        }

        await bob.LeaveAsync();
        foreach (var peer in new[] { alice, carol })
            Assert.That((await ExpectAmongOthersAsync(peer, MessageTypes.PeerLeft)).Text("username"), Is.EqualTo("bob"));
    }

    /// <summary>Notices of who comes and goes are not what this is about.</summary>
    private static async Task<JsonElement> ExpectAmongOthersAsync(TestPeer peer, string type)
    {
        while (true)
        {
            var message = await peer.ReceiveAsync();
            if (message.Text("type") is not (MessageTypes.System or MessageTypes.PeerJoined))
            {
                Assert.That(message.Text("type"), Is.EqualTo(type), $"{peer.Name} got {message}");
                return message;
            }
        }
    }
}
