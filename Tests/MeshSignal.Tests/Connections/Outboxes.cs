using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

/// <summary>What tests do with an outbox.</summary>
internal static class Outboxes
{
    public static bool Enqueue(this Outbox outbox, string text) => outbox.Enqueue(new EncodedMessage(Encoding.UTF8.GetBytes(text)));

    /// <summary>The first message is with the socket when this ends, the others are queued.</summary>
    public static async Task FillAsync(this Outbox outbox, GatedSocket socket, string first, params string[] others)
    {
        outbox.Enqueue(first);
        Assert.That(await socket.NextWriteAsync(), Is.EqualTo(first));
        foreach (var text in others)
            Assert.That(outbox.Enqueue(text));
    }

    /// <summary>However long it takes by the clock of the test, which stands.</summary>
    public static async Task AssertClosesAsync(this Outbox outbox) =>
        Assert.That(await outbox.ClosesWithinAsync(TimeSpan.FromSeconds(1)).WaitAsync(TestPeer.Timeout));
}
