using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd;

internal sealed class ShutdownTests
{
    [Test]
    public async Task What_was_queued_goes_out_before_the_close()
    {
        await using var call = await Pair.InCallAsync();
        call.Bob.InMemory.StopReading();
        for (var i = 0; i < 3; i++)
            await call.Alice.SendAsync(MessageTypes.Signal, new { targetUsername = "bob", signal = i });
        await call.Alice.ExpectNothingAsync();
        await call.Bob.InMemory.WhenBlockedAsync();

        var stopping = call.Server.StopAsync();
        call.Bob.InMemory.ReadAgain();

        for (var i = 0; i < 3; i++)
            Assert.That((await call.Bob.ExpectAsync(MessageTypes.Signal)).GetProperty("signal").GetInt32(), Is.EqualTo(i));
        Assert.That(await call.Bob.ExpectCloseAsync(), Is.EqualTo((int)CloseCode.ServiceRestart));
        await stopping.WaitAsync(TestPeer.Timeout);
    }

    [Test]
    public async Task When_all_have_gone_nothing_of_them_is_left()
    {
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy);

        await call.Server.StopAsync();
        await call.Server.WhenAllGoneAsync();

        Assert.That(call.Server.Get<SessionStore>().Count, Is.Zero);
        Assert.That((call.Server.Get<RoomStore>().Count, call.Server.Get<RoomStore>().PeerCount), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task A_peer_that_does_not_answer_the_close_does_not_keep_the_server()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var dead = await server.ConnectAsync("dead");
        dead.InMemory.StopReading();
        dead.InMemory.AnswersPings = false;

        var stopping = server.StopAsync();
        await clock.WhenDelayBeginsAsync();
        server.Clock.Advance(TimeSpan.FromSeconds(3));

        await stopping.WaitAsync(TestPeer.Timeout);
    }

    [Test]
    public async Task Client_that_was_just_coming_in_is_told_too()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var holder = await server.ConnectAsync("alice");
        holder.InMemory.AnswersPings = false;
        server.Clock.Advance(TimeSpan.FromSeconds(3));

        // Waits for two seconds whether the holder of its name gives a sign of life.
        using var newcomer = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await clock.WhenDelayBeginsAsync();
        var stopping = server.StopAsync();
        await clock.WhenDelayBeginsAsync();
        server.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.That(await newcomer.ExpectCloseAsync(), Is.EqualTo((int)CloseCode.ServiceRestart));
        await stopping.WaitAsync(TestPeer.Timeout);
    }
}
