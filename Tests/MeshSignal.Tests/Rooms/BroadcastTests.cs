using System.Runtime.InteropServices;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

internal sealed class BroadcastTests
{
    [Test]
    public async Task It_is_encoded_once_however_many_receive_it()
    {
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster));
        using var alice = await server.ConnectLegacyAsync("alice");
        using var bob = await server.ConnectLegacyAsync("bob");
        using var carol = await server.ConnectLegacyAsync("carol");
        foreach (var peer in new[] { alice, bob, carol })
            await peer.SendAsync(MessageTypes.Join);
        foreach (var peer in new[] { alice, bob, carol })
            await peer.SettleAsync();

        cluster.Delivered.Clear();
        await alice.SendAsync(MessageTypes.MediaChange, new { mediaTypes = new[] { "audio", "video" } });
        await alice.SendAsync(MessageTypes.Chat, new { content = "hello" });
        await alice.SettleAsync();

        // To the two others in the room, then to all three in the scope: one array each.
        var arrays = cluster.Delivered.Select(static message => MemoryMarshal.TryGetArray(message.Utf8, out var segment) ? segment.Array! : []);
        Assert.That(arrays.GroupBy(static array => (object)array, ReferenceEqualityComparer.Instance).Select(Enumerable.Count), Is.EqualTo([2, 3]));
    }
}
