using MeshSignal.Protocol;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>A server that goes away says so to everybody, and then does go.</summary>
internal sealed class StoppingTests
{
    [Test]
    public async Task Every_client_is_told_to_come_back()
    {
        await using var server = await RealServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectLegacyAsync("bob");
        using var carol = await server.OpenAsync(Profile.V1, "?room=elsewhere");
        await alice.JoinAsync("demo");
        var stop = server.StopAsync();

        foreach (var peer in new[] { alice, bob, carol })
        {
            Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo(1012));
            await peer.CloseAsync();
        }

        await stop.WaitAsync(TestPeer.Timeout);
    }

    [Test]
    public async Task Nobody_new_comes_in_meanwhile()
    {
        await using var server = await RealServer.StartAsync();
        using var last = await RawSocket.OpenAsync(server.Port);
        using var newcomer = await RawSocket.ConnectAsync(server.Port);
        using var balancer = await RawSocket.ConnectAsync(server.Port);
        var stop = server.StopAsync();
        Assert.That((await last.ReadCloseAsync()).CloseCode, Is.EqualTo(1012));

        // Until the last one has answered, the server waits.
        var refused = await newcomer.RequestAsync("GET / HTTP/1.1", RawSocket.UpgradeFields);
        var health = await balancer.RequestAsync("GET /health/ready HTTP/1.1", ["Host: localhost"]);
        Assert.That((refused.Status, refused.Field("Retry-After"), health.Status), Is.EqualTo((503, "5", 503)));

        await last.SendAsync(Closing(1012));
        Assert.That(await last.ReadToEndAsync(), Is.Zero);
        await stop.WaitAsync(TestPeer.Timeout);
    }

    [Test]
    public async Task Client_that_never_answers_does_not_hold_up_the_end()
    {
        await using var server = await RealServer.StartAsync();
        using var deaf = await RawSocket.OpenAsync(server.Port);

        // Far more than the two seconds that it has, and less than the host's own patience.
        await server.StopAsync().WaitAsync(TimeSpan.FromSeconds(15));
        Assert.That((await deaf.ReadCloseAsync()).CloseCode, Is.EqualTo(1012));
    }
}
