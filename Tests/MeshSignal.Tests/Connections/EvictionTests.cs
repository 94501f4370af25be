using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

/// <summary>Whoever comes back after a lost connection finds the own name held by a socket that is no more.</summary>
internal sealed class EvictionTests
{
    private static readonly TimeSpan EvictionTime = TimeSpan.FromSeconds(2);

    [Test]
    public async Task A_holder_that_does_not_answer_gives_its_name_up_after_2_seconds()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var gone = await server.ConnectLegacyAsync("Alice");
        gone.InMemory.AnswersPings = false;
        server.Advance(EvictionTime);

        using var alice = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));
        await gone.InMemory.WhenPingedAsync();
        await clock.WhenDelayBeginsAsync();
        server.Advance(EvictionTime);

        await alice.GreetedAsync(withChat: true);
        Assert.That(await gone.ExpectCloseAsync(), Is.EqualTo(ClientReceived.NoClose), "no close code can reach it");
    }

    [Test]
    public async Task Its_place_in_the_room_goes_too_before_the_newcomer_can_join()
    {
        var clock = new WatchedClock();
        await using var call = await Pair.InCallAsync(clock.Replace);
        call.Bob.InMemory.AnswersPings = false;
        call.Server.Advance(EvictionTime, call.Alice);

        using var bob = call.Server.Open(new ConnectionRequest(Profile.V1, "bob"));
        await clock.WhenDelayBeginsAsync();
        call.Server.Advance(EvictionTime, call.Alice);
        await bob.GreetedAsync(withChat: false);
        await bob.JoinAsync("demo");

        var left = await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
        Assert.That((left.Text("peerId"), left.Text("reason")), Is.EqualTo((call.Bob.PeerId, "disconnected")));
        Assert.That((await call.Alice.ExpectAsync(MessageTypes.PeerJoined)).Text("peerId"), Is.EqualTo(bob.PeerId));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_holder_that_goes_by_itself_while_it_is_asked_leaves_its_name_to_the_newcomer(bool withClose)
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var gone = await server.ConnectLegacyAsync("Alice");
        gone.InMemory.AnswersPings = false;
        server.Advance(EvictionTime);
        using var alice = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));
        await gone.InMemory.WhenPingedAsync();
        await clock.WhenDelayBeginsAsync();

        if (withClose)
            await gone.CloseAsync();
        else
            gone.InMemory.Abort();
        await gone.Served.WaitAsync(TestPeer.Timeout);
        server.Advance(EvictionTime);

        await alice.GreetedAsync(withChat: true);
    }

    [Test]
    public async Task A_holder_that_is_lost_while_it_is_asked_and_never_showed_its_token_gives_way()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var gone = await server.ConnectAsync("Alice");
        gone.InMemory.AnswersPings = false;
        server.Advance(EvictionTime);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "Alice"));
        await clock.WhenDelayBeginsAsync();

        await gone.LoseSocketAsync();
        server.Advance(EvictionTime);

        await alice.GreetedAsync(withChat: false);
    }

    [Test]
    public async Task A_holder_that_answers_keeps_its_name()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var holder = await server.ConnectLegacyAsync("Alice");
        server.Advance(TimeSpan.FromSeconds(5));

        using var newcomer = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));
        await holder.InMemory.WhenPingedAsync();
        await clock.WhenDelayBeginsAsync();
        server.Advance(EvictionTime);

        await newcomer.ExpectSystemAsync("Username taken.");
        await newcomer.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);
        await holder.ExpectNothingAsync();
    }

    [Test]
    public async Task It_keeps_it_although_timers_are_late_and_its_answer_came_at_once()
    {
        // A pong on the same machine takes microseconds, and a timer of 2 s some milliseconds more than that: as in every real process.
        var clock = new WatchedClock { TimersAreLateBy = TimeSpan.FromMilliseconds(15) };
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var holder = await server.ConnectLegacyAsync("Alice");
        server.Advance(TimeSpan.FromSeconds(5));

        using var newcomer = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));
        await holder.InMemory.WhenPingedAsync();
        await clock.WhenDelayBeginsAsync();
        server.Advance(EvictionTime + clock.TimersAreLateBy);

        await newcomer.ExpectSystemAsync("Username taken.");
        await holder.ExpectNothingAsync();
    }

    [Test]
    public async Task A_holder_that_just_sent_something_is_not_even_asked()
    {
        await using var server = await TestServer.StartAsync();
        using var holder = await server.ConnectLegacyAsync("Alice");
        server.Advance(TimeSpan.FromSeconds(5));
        await holder.ExpectNothingAsync();

        using var newcomer = server.Open(new ConnectionRequest(Profile.V1, "alice"));

        await newcomer.ExpectErrorAsync(ErrorCode.NameTaken);
        await newcomer.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);
        await holder.ExpectNothingAsync(); // A ping would have gone ahead of the answer.
        Assert.That(holder.InMemory.Pings, Is.Zero);
    }

    [Test]
    public async Task Of_two_newcomers_one_gets_the_name()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var gone = await server.ConnectAsync("alice");
        gone.InMemory.AnswersPings = false;
        server.Advance(EvictionTime);

        using var first = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        using var second = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await clock.WhenDelayBeginsAsync();
        await clock.WhenDelayBeginsAsync();
        server.Advance(EvictionTime);

        string[] answers = [(await first.ReceiveAsync()).Text("type"), (await second.ReceiveAsync()).Text("type")];
        Assert.That(answers, Is.EquivalentTo([MessageTypes.SessionToken, MessageTypes.Error]));
    }

    [Test]
    public async Task The_session_of_an_evicted_holder_is_over_and_cannot_be_resumed()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var gone = await server.ConnectAsync("alice");
        gone.InMemory.AnswersPings = false;
        server.Advance(EvictionTime);

        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await clock.WhenDelayBeginsAsync();
        server.Advance(EvictionTime);
        await alice.GreetedAsync(withChat: false);

        Assert.That(server.Get<SessionStore>().Count, Is.EqualTo(1), "nobody waits for the former holder");
        using var back = server.Open(new ConnectionRequest(Profile.V1, "carol", Former: new FormerSession(gone.Token, gone.Counted)));
        Assert.That((await back.ExpectAsync(MessageTypes.SessionToken)).Text("reason"), Is.EqualTo("unknown"));
        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_holder_that_is_away_keeps_its_name_and_nobody_waits_for_its_answer()
    {
        await using var server = await TestServer.StartAsync();
        using var away = await server.ConnectAsync("alice");
        await away.ExpectNothingAsync(); // It has its token, and shows it.
        await away.LoseSocketAsync();
        server.Advance(TimeSpan.FromSeconds(29));

        using var newcomer = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await newcomer.ExpectErrorAsync(ErrorCode.NameTaken);
        await newcomer.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);

        using var back = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(away.Token, away.Counted)));
        Assert.That((await back.ExpectAsync(MessageTypes.SessionToken)).GetProperty("resumed").GetBoolean());
    }

    /// <summary>Its client may have lost the socket before it could read the token, and be the newcomer.</summary>
    [Test]
    public async Task An_away_holder_that_never_showed_its_token_gives_way()
    {
        await using var server = await TestServer.StartAsync();
        using var away = await server.ConnectAsync("alice");
        await away.LoseSocketAsync();

        using var alice = await server.ConnectAsync("alice");

        Assert.That(server.Get<SessionStore>().Count, Is.EqualTo(1));
    }

    [Test]
    public async Task One_that_has_come_back_with_its_token_has_shown_it()
    {
        await using var server = await TestServer.StartAsync();
        using var away = await server.ConnectAsync("alice");
        await away.LoseSocketAsync();
        using var back = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(away.Token, away.Counted)));
        back.Adopt(await back.ExpectAsync(MessageTypes.SessionToken));
        await back.LoseSocketAsync();

        using var newcomer = server.Open(new ConnectionRequest(Profile.V1, "alice"));

        await newcomer.ExpectErrorAsync(ErrorCode.NameTaken);
    }

    /// <summary>Its old socket is silent because its network has changed; it comes back while the newcomer waits for that socket's answer.</summary>
    [Test]
    public async Task A_holder_that_comes_back_at_another_socket_meanwhile_keeps_its_name()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var silent = await server.ConnectAsync("alice");
        silent.InMemory.AnswersPings = false;
        server.Advance(EvictionTime);
        using var newcomer = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await clock.WhenDelayBeginsAsync();

        using var alice = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(silent.Token, silent.Counted)));
        alice.Adopt(await alice.ExpectAsync(MessageTypes.SessionToken));
        await alice.ExpectNothingAsync();
        server.Advance(EvictionTime, alice);

        await newcomer.ExpectErrorAsync(ErrorCode.NameTaken);
        await newcomer.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);
        await alice.LoseSocketAsync();
        using var again = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(alice.Token, silent.Counted + 1)));
        Assert.That((await again.ExpectAsync(MessageTypes.SessionToken)).GetProperty("resumed").GetBoolean());
    }

    [Test]
    public async Task A_holder_whose_socket_is_lost_meanwhile_is_away_and_keeps_its_name()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace);
        using var silent = await server.ConnectAsync("alice");
        await silent.ExpectNothingAsync();
        silent.InMemory.AnswersPings = false;
        server.Advance(EvictionTime);
        using var newcomer = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await clock.WhenDelayBeginsAsync();

        await silent.LoseSocketAsync();
        server.Advance(EvictionTime);

        await newcomer.ExpectErrorAsync(ErrorCode.NameTaken);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(silent.Token, silent.Counted)));
        Assert.That((await alice.ExpectAsync(MessageTypes.SessionToken)).GetProperty("resumed").GetBoolean());
    }
}
