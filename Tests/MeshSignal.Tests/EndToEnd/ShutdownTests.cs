using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
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
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy, Grace.None);

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

    [Test]
    public async Task V1_peers_are_told_when_to_come_back_and_legacy_ones_only_closed()
    {
        await using var call = await Pair.InCallAsync(Profile.V1, Profile.Legacy);

        await call.Server.StopAsync();

        var draining = await call.Alice.ExpectAsync(MessageTypes.Draining);
        Assert.That(draining.GetProperty("reconnectAfterMs").GetInt32(), Is.InRange(0, 15_000));
        await call.Alice.ExpectCloseAfterNothingAsync(CloseCode.ServiceRestart);
        await call.Bob.ExpectCloseAfterNothingAsync(CloseCode.ServiceRestart);
    }

    /// <summary>Of 200 even figures the chance that one of the fifteen seconds is not hit is one in a hundred thousand.</summary>
    [Test]
    public async Task They_are_told_to_come_back_at_different_times_over_15_seconds()
    {
        await using var server = await TestServer.StartAsync();
        var peers = new List<TestPeer>();
        for (var i = 0; i < 200; i++)
            peers.Add(await server.ConnectAsync($"peer{i}"));

        await server.StopAsync();

        var delays = new List<int>();
        foreach (var peer in peers)
            delays.Add((await peer.ExpectAsync(MessageTypes.Draining)).GetProperty("reconnectAfterMs").GetInt32());
        Assert.That(delays.Select(delay => delay / 1000).Distinct(), Is.EquivalentTo(Enumerable.Range(0, 15)));
        peers.ForEach(peer => peer.Dispose());
    }

    [Test]
    public async Task Sockets_are_closed_some_at_a_time_over_5_seconds()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace, ("MeshSignal:Sessions:DrainTime", "00:00:05"));
        var peers = new List<TestPeer>();
        for (var i = 0; i < 50; i++)
        {
            peers.Add(await server.ConnectAsync($"peer{i}"));
            peers[i].InMemory.AnswersPings = false; // Nor the Close, so that nothing but the drain waits for the clock.
        }

        var unread = peers.ToList();
        var stopping = server.StopAsync();
        var left = 50;
        for (var batches = 20; batches > 1; batches--)
        {
            await clock.WhenDelayBeginsAsync();
            left -= (left + batches - 1) / batches;
            Assert.That(Open(server), Is.EqualTo(left), $"with {batches - 1} batches to go");
            await ReadClosedAsync();
            server.Clock.Advance(TimeSpan.FromMilliseconds(249));
            Assert.That(Open(server), Is.EqualTo(left));
            server.Clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        await clock.WhenDelayBeginsAsync(); // Now it waits for answers.
        Assert.That(Open(server), Is.Zero);
        await ReadClosedAsync();
        Assert.That(unread, Is.Empty);
        server.Clock.Advance(TimeSpan.FromSeconds(3));
        await stopping.WaitAsync(TestPeer.Timeout);
        peers.ForEach(peer => peer.Dispose());

        async Task ReadClosedAsync()
        {
            var open = server.Get<SessionStore>().All.Where(session => session.Connection is { Closing: null }).Select(session => session.Username.Value).ToHashSet(StringComparer.Ordinal);
            foreach (var peer in unread.Where(peer => !open.Contains(peer.Name)).ToList())
            {
                await peer.ExpectAsync(MessageTypes.Draining);
                await peer.ExpectCloseAfterNothingAsync(CloseCode.ServiceRestart);
                unread.Remove(peer);
            }
        }
    }

    [Test]
    public async Task Until_its_turn_comes_a_peer_is_served()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace, ("MeshSignal:Sessions:DrainTime", "00:00:05"));
        var peers = new List<TestPeer>();
        for (var i = 0; i < 4; i++)
            peers.Add(await server.ConnectAsync($"peer{i}"));

        var stopping = server.StopAsync();
        await clock.WhenDelayBeginsAsync();
        Assert.That(server.Get<Readiness>().IsReady, Is.False);
        var open = server.Get<SessionStore>().All.Where(session => session.Connection is { Closing: null }).Select(session => session.Username.Value).ToList();
        Assert.That(open, Has.Count.EqualTo(3));
        foreach (var peer in peers.Where(peer => open.Contains(peer.Name)))
        {
            await peer.ExpectAsync(MessageTypes.Draining);
            await peer.ExpectNothingAsync();
        }

        while (!stopping.IsCompleted)
        {
            server.Clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }

        peers.ForEach(peer => peer.Dispose());
    }

    [Test]
    public async Task Whoever_comes_in_or_back_meanwhile_is_sent_away_again()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace, ("MeshSignal:Sessions:DrainTime", "00:00:05"));
        using var away = await server.ConnectAsync("away");
        await away.LoseSocketAsync();
        using var last = await server.ConnectAsync("last");
        last.InMemory.AnswersPings = false;
        var stopping = server.StopAsync();
        await clock.WhenDelayBeginsAsync();

        using var newcomer = server.Open(new ConnectionRequest(Profile.V1, "newcomer"));
        await newcomer.GreetedAsync(withChat: false);
        await newcomer.ExpectAsync(MessageTypes.Draining);
        await newcomer.ExpectCloseAfterNothingAsync(CloseCode.ServiceRestart);
        using var back = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(away.Token, away.Counted)));
        Assert.That((await back.ExpectAsync(MessageTypes.SessionToken)).GetProperty("resumed").GetBoolean());
        await back.ExpectAsync(MessageTypes.Draining);
        await back.ExpectCloseAfterNothingAsync(CloseCode.ServiceRestart);

        while (!stopping.IsCompleted)
        {
            server.Clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }
    }

    [Test]
    public async Task Whoever_is_away_does_not_delay_the_stop()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Sessions:DrainTime", "00:00:05"));
        for (var i = 0; i < 30; i++)
        {
            using var away = await server.ConnectAsync($"peer{i}");
            await away.LoseSocketAsync();
        }

        await server.StopAsync().WaitAsync(TestPeer.Timeout); // The clock stands.
    }

    [Test]
    public async Task A_peer_that_was_closed_for_the_restart_is_waited_for_and_not_said_to_have_left()
    {
        await using var call = await Pair.InCallAsync();

        await call.Server.StopAsync();
        await call.Server.WhenAllGoneAsync();

        Assert.That(call.Server.Get<SessionStore>().Count, Is.EqualTo(2));
        foreach (var peer in new[] { call.Alice, call.Bob })
            await peer.ExpectCloseAsync(CloseCode.ServiceRestart);
        Assert.That(call.Alice.Received.Concat(call.Bob.Received).Select(message => message.Text("type")), Has.None.EqualTo(MessageTypes.PeerLeft));
    }

    private static int Open(TestServer server) => server.Get<SessionStore>().All.Count(session => session.Connection is { Closing: null });
}
