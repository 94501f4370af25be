using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

/// <summary>For how long a session is waited for, and what it holds meanwhile.</summary>
internal sealed class ResumeGraceTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    [Test]
    public async Task After_30_seconds_it_can_still_come_back()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        pair.Server.Advance(Grace, pair.Alice);

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");
    }

    [Test]
    public async Task A_second_later_it_has_expired_and_the_answer_is_honest()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        await pair.Alice.SignalAsync("bob", 3);
        pair.Server.Advance(Grace + OneSecond, pair.Alice);
        await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");

        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted, "bob");
        await bob.ExpectNewAsync("unknown");

        Assert.That(bob.Name, Is.EqualTo("bob"));
        await bob.ExpectNothingAsync(); // Nothing of the old session's.
        await bob.JoinAsync("demo");
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Each_time_it_is_waited_for_as_long()
    {
        await using var pair = await Pair.InCallAsync();
        var (current, count) = (pair.Bob, pair.Bob.Counted);
        for (var i = 0; i < 3; i++)
        {
            await current.LoseSocketAsync();
            await pair.Alice.ExpectStatusAsync(pair.Bob, "reconnecting");
            pair.Server.Advance(Grace - OneSecond, pair.Alice);
            var successor = await pair.Server.ResumeAsync(current, count);
            await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");
            current.Dispose();
            current = successor;
        }

        pair.Server.Advance(2 * Grace, pair.Alice, current);
        await pair.Alice.ExpectNothingAsync();
        current.Dispose();
    }

    [Test]
    public async Task The_operator_may_set_another_time_and_it_is_told()
    {
        await using var pair = await Pair.InCallAsync(("MeshSignal:Sessions:ResumeGrace", "00:00:05"));
        Assert.That(pair.Bob.Received[0].GetProperty("resumeGraceMs").GetInt32(), Is.EqualTo(5000));
        await pair.LoseBobAsync();
        pair.Server.Advance(TimeSpan.FromSeconds(5), pair.Alice);
        await pair.Alice.ExpectNothingAsync();

        pair.Server.Advance(OneSecond, pair.Alice);

        await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");
    }

    [Test]
    public async Task Without_a_grace_a_session_ends_with_its_socket()
    {
        await using var pair = await Pair.InCallAsync(Support.Grace.None);
        Assert.That(pair.Bob.Received[0].GetProperty("resumeGraceMs").GetInt32(), Is.Zero);

        await pair.Bob.LoseSocketAsync();

        await pair.Alice.ExpectLeftAsync(pair.Bob, "disconnected");
        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted, "bob");
        await bob.ExpectNewAsync("unknown");
    }

    [Test]
    public async Task Without_a_grace_an_open_session_cannot_be_resumed_but_gives_up_its_name()
    {
        await using var pair = await Pair.InCallAsync(Support.Grace.None);

        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted);
        await bob.ExpectNewAsync("incomplete");

        Assert.That(bob.Name, Is.EqualTo("bob"));
        await pair.Bob.ExpectCloseAsync(CloseCode.Replaced);
        await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");
    }

    [Test]
    public async Task A_legacy_session_ends_with_its_socket()
    {
        await using var pair = await Pair.InCallAsync(Profile.V1, Profile.Legacy);
        Assert.That(pair.Bob.Received[0].GetProperty("resumeGraceMs").GetInt32(), Is.Zero);

        await pair.Bob.LoseSocketAsync();

        await pair.Alice.ExpectLeftAsync(pair.Bob, "disconnected");
        using var bob = await pair.Server.ConnectLegacyAsync("bob", chat: false);
    }

    [Test]
    public async Task Its_name_is_held_and_free_once_it_has_expired()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        pair.Server.Advance(TimeSpan.FromSeconds(10), pair.Alice);

        using var namesake = pair.Server.Open(new ConnectionRequest(Profile.V1, "b0b"));
        await namesake.ExpectErrorAsync(ErrorCode.NameTaken);
        await namesake.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);

        pair.Server.Advance(Grace, pair.Alice);
        using var another = await pair.Server.ConnectAsync("b0b");
    }

    [Test]
    public async Task Nobody_takes_its_name_by_nick()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice", chat: true);
        using var legacy = await server.ConnectLegacyAsync("legacy");
        await alice.LoseSocketAsync();

        await legacy.SayAsync("/nick Alice");

        await legacy.ExpectSystemAsync("Username \"Alice\" is already taken.");
    }

    [Test]
    public async Task It_counts_towards_the_size_of_the_room()
    {
        await using var pair = await Pair.InCallAsync(("MeshSignal:Calls:MaxParticipants", "2"));
        await pair.LoseBobAsync();
        using var carol = await pair.Server.ConnectAsync("carol");

        await carol.SendAsync(MessageTypes.Join, new { room = "demo" });
        await carol.ExpectErrorAsync(ErrorCode.RoomFull);
        pair.Server.Advance(Grace + OneSecond, pair.Alice, carol);

        await carol.JoinAsync("demo");
    }

    [Test]
    public async Task The_chat_still_has_it_until_it_ends()
    {
        await using var server = await TestServer.StartAsync();
        using var legacy = await server.ConnectLegacyAsync("legacy");
        using var alice = await server.ConnectAsync("alice", chat: true);
        await legacy.ExpectSystemAsync("alice has joined.");
        await alice.LoseSocketAsync();

        await legacy.SayAsync("/list");
        await legacy.ExpectSystemAsync("Online users: legacy, alice");
        await legacy.SayAsync("are you there?");
        await legacy.ExpectChatAsync("legacy", "are you there?");
        await legacy.ExpectNothingAsync();

        using var back = await server.ResumeAsync(alice);
        await back.ExpectChatAsync("legacy", "are you there?");
        await back.LoseSocketAsync();
        server.Advance(Grace + OneSecond, legacy);
        await legacy.ExpectSystemAsync("alice has left.");
        await legacy.SayAsync("/list");
        await legacy.ExpectSystemAsync("Online users: legacy");
    }

    /// <summary>An away session is of no use to a scope in which nobody else is, but the scope waits for it.</summary>
    [Test]
    public async Task A_scope_lives_as_long_as_one_in_it_is_waited_for()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice", "annex", chat: true);
        await alice.SayAsync("remember this");
        await alice.ExpectChatAsync("alice", "remember this");
        await alice.LoseSocketAsync();

        using var bob = server.Open(new ConnectionRequest(Profile.V1, "bob", "annex", "on"));

        Assert.That((await bob.GreetedUpToHistoryAsync()).Select(line => line.Text("text")), Does.Contain("remember this"));
    }

    [Test]
    public async Task A_resume_that_races_with_the_end_of_the_grace_is_answered_truly()
    {
        var resumed = 0;
        for (var round = 0; round < 60; round++)
        {
            await using var pair = await Pair.InCallAsync();
            await pair.LoseBobAsync();
            pair.Server.Advance(Grace, pair.Alice);

            var returning = Task.Run(() => pair.Server.Return(pair.Bob, pair.Bob.Counted, "bob"));
            pair.Server.Advance(OneSecond, pair.Alice);
            using var bob = await returning;
            var greeting = await bob.ExpectAsync(MessageTypes.SessionToken);
            bob.Adopt(greeting);

            if (greeting.GetProperty("resumed").GetBoolean())
            {
                resumed++;
                await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");
                await pair.Alice.SignalOneAsync("bob", round);
                await bob.ExpectSignalsAsync(round, round);
            }
            else
            {
                Assert.That(greeting.Text("reason"), Is.EqualTo("unknown"));
                await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");
            }

            pair.Server.Advance(2 * OneSecond, pair.Alice, bob);
            await pair.Alice.ExpectNothingAsync();
            Assert.That(pair.Server.Get<SessionStore>().Count, Is.EqualTo(2));
        }

        await TestContext.Out.WriteLineAsync($"{resumed} of 60 were in time");
    }

    /// <summary>Upkeep must neither wait for a session that somebody is bringing back, nor end it.</summary>
    [Test]
    public async Task Whoever_has_the_turn_of_a_session_keeps_it_from_expiring()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        var session = pair.Server.Get<SessionStore>().All.Single(session => session.Connection is null);
        using (await session.TakeTurnAsync())
            pair.Server.Advance(2 * Grace, pair.Alice);
        await pair.Alice.ExpectNothingAsync();

        pair.Server.Advance(OneSecond, pair.Alice);

        await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");
    }
}
