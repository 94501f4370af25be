using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

internal sealed class ConnectionTests
{
    /// <summary>The transport's Close starts a timer; one that was started on a socket already taken away ended the process.</summary>
    [Test]
    public async Task Connection_that_has_ended_leaves_no_writer_behind()
    {
        using var socket = new GatedSocket();
        var connection = new Connection(socket, Profile.V1, new MeshSignalOptions(), new FakeClock());

        var ended = connection.EndAsync(SocketEnd.Lost);
        Assert.That(await socket.NextWriteAsync(), Does.StartWith(GatedSocket.Close));
        Assert.That(socket.IsAborted);
        Assert.That(ended.IsCompleted, Is.False);

        socket.Open();
        await ended.WaitAsync(TestPeer.Timeout);
    }

    [Test]
    public async Task Peer_that_does_not_read_the_close_is_torn_down_after_two_seconds()
    {
        var clock = new FakeClock();
        using var socket = new GatedSocket();
        var connection = new Connection(socket, Profile.V1, new MeshSignalOptions(), clock);

        var ended = connection.EndAsync(new SocketEnd(SocketEndCause.ClosedByPeer, CloseCode.Normal, ""));
        await socket.NextWriteAsync();
        Assert.That(socket.IsAborted, Is.False);
        clock.Advance(Connection.CloseTime);
        socket.Open();
        await ended.WaitAsync(TestPeer.Timeout);
        Assert.That(socket.IsAborted);
    }
}
