using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>A peer that does not read, on a real socket, where the kernel takes a good deal for it before anybody notices.</summary>
internal sealed class SlowConsumerOnRealSocketTests
{
    // Far more than the kernel's buffers hold.
    private const int MostMessages = 20_000;

    [Test]
    public async Task Peer_that_never_reads_is_closed_and_costs_nobody_else_anything()
    {
        await using var server = await RealServer.StartAsync(
            Grace.None,
            ("MeshSignal:Limits:MessageBytes", "16384"), ("MeshSignal:Limits:SendQueueBytes", "65536"), ("MeshSignal:Chat:HistoryBytes", "1024"), ("Logging:LogLevel:Default", "Debug"));
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        using var deaf = await RawSocket.OpenAsync(server.Port, "?username=deaf", receiveBuffer: 4096);
        await alice.JoinAsync("demo");
        await bob.JoinAsync("demo");
        await alice.ExpectAsync(MessageTypes.PeerJoined);
        await deaf.SendAsync(Message($$"""{"type":"webrtc-join","room":"demo","token":"{{deaf.Token}}"}"""));
        await alice.ExpectAsync(MessageTypes.PeerJoined);
        await bob.ExpectAsync(MessageTypes.PeerJoined);

        await FloodAsync(alice, "deaf");

        // The flood's other receivers: served while the deaf one is being given up on, and told when it has been.
        await alice.OfferAsync("bob", id: "meanwhile");
        await alice.ExpectAsync(MessageTypes.Ack);
        await bob.ExpectAsync(MessageTypes.Offer);
        foreach (var peer in new[] { alice, bob })
        {
            var left = await peer.ExpectAsync(MessageTypes.PeerLeft);
            Assert.That((left.Text("username"), left.Text("reason")), Is.EqualTo(("deaf", "disconnected")));
        }

        await deaf.ReadToEndAsync();
        Assert.That(server.Get<SessionStore>().Count, Is.EqualTo(2));

        // The line is written when all is done; the server has not stopped before that.
        await alice.CloseAsync();
        await bob.CloseAsync();
        await server.StopAsync();
        Assert.That(server.Log.Lines.Where(line => line.Contains("close code", StringComparison.Ordinal)), Has.One.Contains("close code 4040"));
    }

    /// <summary>Sends until the server says that the target is not to be reached.</summary>
    private static async Task FloodAsync(TestPeer sender, string target)
    {
        var signal = new string('x', 15_000);
        for (var i = 0; i < MostMessages; i++)
        {
            await sender.SendAsync(MessageTypes.Signal, new { targetUsername = target, signal, id = i });
            var answer = await sender.ReceiveAsync();
            if (answer.Text("type") == MessageTypes.Ack)
                continue;

            Assert.That(answer.Text("code"), Is.EqualTo(ErrorCode.TargetUnavailable.Wire), answer.ToString());
            return;
        }

        Assert.Fail("Nobody noticed.");
    }
}
