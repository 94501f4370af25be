using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>One js-chat-server client prints every type that it does not know, another dies on a text that is null: neither may ever happen.</summary>
internal sealed class LegacyCatalogueTests
{
    private static readonly string[] Catalogue =
    [
        "session-token", "heartbeat-config", "pong", "history", "system", "chat", "typing", "webrtc-joined", "webrtc-peer-joined", "webrtc-peer-left",
        "webrtc-offer", "webrtc-answer", "webrtc-ice-candidate", "webrtc-media-changed", "webrtc-error",
    ];

    [Test]
    public async Task A_legacy_client_among_v1_peers_gets_nothing_that_is_not_in_its_catalogue()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Chat:MessagesPerSecond", "1000"));
        using var legacy = await server.ConnectLegacyAsync("Legacy");
        using var alice = await server.ConnectAsync("alice", chat: true);
        using var bob = await server.ConnectAsync("bob");

        await legacy.SendAsync(MessageTypes.Join);
        await legacy.SettleAsync();
        foreach (var peer in new[] { alice, bob, legacy })
            await DoEverythingAsync(peer);
        await legacy.SendAsync("nonsense");
        await legacy.SendRawAsync("[]");
        bob.Socket.Abort();
        await alice.LeaveAsync(id: 1);
        await alice.SettleAsync();
        await legacy.SettleAsync();
        await server.StopAsync();
        await legacy.ExpectCloseAsync();

        var types = legacy.Received.Select(message => message.Text("type")).ToHashSet(StringComparer.Ordinal);
        Assert.That(types, Is.EquivalentTo(Catalogue), "all of it, and nothing else");
        Assert.That(legacy.Received.Where(message => message.Has("text")),
            Is.All.Matches<JsonElement>(message => message.GetProperty("text").ValueKind == JsonValueKind.String));
        Assert.That(legacy.Received.Count(message => message.Text("type") == MessageTypes.History), Is.EqualTo(1));
    }

    /// <summary>All that a client can do in the room of the three, rightly and wrongly, with ids and without.</summary>
    private static async Task DoEverythingAsync(TestPeer peer)
    {
        var (offer, answer) = (new { type = "offer", sdp = "v=0" }, new { type = "answer", sdp = "v=0" });
        await peer.SendAsync(MessageTypes.Join, new { id = "join", previousPeerId = "0123456789abcdef" });
        foreach (var targetUsername in new[] { "Legacy", "alice", "bob", "nobody" })
        {
            await peer.SendAsync(MessageTypes.IceCandidate, new { targetUsername, candidate = new { candidate = "x" }, id = 1 });
            await peer.SendAsync(MessageTypes.Offer, new { targetUsername, offer, id = 2 });
            await peer.SendAsync(MessageTypes.Answer, new { targetUsername, answer });
            await peer.SendAsync(MessageTypes.IceCandidate, new { targetUsername, candidate = (string?)null, id = 3 });
            await peer.SendAsync(MessageTypes.IceCandidate, new { targetUsername, candidate = "", id = 4 });
            await peer.SendAsync(MessageTypes.Signal, new { targetUsername, signal = new { any = true }, id = 5 });
            await peer.SendAsync(MessageTypes.Offer, new { targetUsername, id = 6 });
        }

        await peer.SendAsync(MessageTypes.MediaChange, new { mediaTypes = new[] { "video" }, id = 7 });
        await peer.SendAsync(MessageTypes.MediaChange, new { mediaTypes = new[] { "smell" }, id = 8 });
        await peer.SendAsync(MessageTypes.Chat, new { content = "hello", id = 9 });
        await peer.SendAsync(MessageTypes.Chat, new { content = "/list", id = 10 });
        await peer.SendAsync(MessageTypes.Typing, new { id = 11 });
        await peer.SendAsync(MessageTypes.Chat, new { token = "wrong", content = "x", id = 12 });
        await peer.SendAsync(MessageTypes.Leave, new { token = "wrong", id = 13 });
        await peer.SendAsync(MessageTypes.Leave, new { id = 14 });
        await peer.SendAsync(MessageTypes.Leave, new { id = 15 });
        await peer.SendAsync(MessageTypes.Join, new { id = 16 });
        await peer.SettleAsync();
    }
}
