using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

/// <summary>A session goes on at another socket while its former one still seems alive, or is just ending.</summary>
internal sealed class ReplacedSocketTests
{
    private const int Rounds = 200;

    [Test]
    public async Task The_former_socket_is_closed_with_4509_and_nobody_hears_of_it()
    {
        await using var pair = await Pair.InCallAsync();

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await pair.Bob.ExpectCloseAfterNothingAsync(CloseCode.Replaced);
        await pair.Bob.Served.WaitAsync(TestPeer.Timeout);
        await bob.ExpectNothingAsync();
        await pair.Alice.ExpectNothingAsync();
        Assert.That(pair.Server.Get<SessionStore>().Count, Is.EqualTo(2));
    }

    [Test]
    public async Task What_the_former_socket_still_sends_is_not_carried_out()
    {
        await using var pair = await Pair.InCallAsync();
        pair.Bob.InMemory.StopReading(); // So that its Close does not go out, and it does not answer that.
        await pair.Alice.SignalOneAsync("bob", 1);
        await pair.Bob.InMemory.WhenBlockedAsync();
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.ExpectSignalsAsync(1, 1);

        await pair.Bob.SendAsync(MessageTypes.Signal, new { targetUsername = "alice", signal = 2 });
        await pair.Bob.LeaveAsync();
        await pair.Bob.SendAsync(MessageTypes.Leave, new { token = bob.Token });
        await YieldAsync(); // After its Close they would be discarded anyway.
        pair.Bob.InMemory.ReadAgain();
        await pair.Bob.ExpectCloseAsync(CloseCode.Replaced);
        await pair.Bob.Served.WaitAsync(TestPeer.Timeout);

        await pair.Alice.ExpectNothingAsync();
        await bob.SignalOneAsync("alice", 3);
        await pair.Alice.ExpectSignalsAsync(3, 3);
    }

    [Test]
    public async Task A_session_that_is_being_shut_out_cannot_be_resumed_meanwhile()
    {
        await using var pair = await Pair.InCallAsync();
        pair.Bob.InMemory.AnswersPings = false; // Nor the Close, so that its socket is still there.
        for (var i = 0; i < 20; i++)
            await pair.Bob.SendAsync(MessageTypes.Leave, new { token = new string('0', 64) });
        await pair.Bob.ExpectCloseAsync(CloseCode.BadToken);

        using var back = pair.Server.Return(pair.Bob, pair.Bob.Counted);

        await back.ExpectNewAsync("incomplete");
        await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");
    }

    [Test]
    public async Task A_close_that_the_former_socket_sends_does_not_end_the_session()
    {
        await using var pair = await Pair.InCallAsync();
        pair.Bob.InMemory.StopReading();
        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await pair.Bob.CloseAsync();
        pair.Bob.InMemory.ReadAgain();
        await pair.Bob.Served.WaitAsync(TestPeer.Timeout);

        await pair.Alice.ExpectNothingAsync();
        await bob.ExpectNothingAsync();
    }

    /// <summary>Nothing else watches over it: it is no session's any more.</summary>
    [Test]
    public async Task A_former_socket_that_does_not_read_is_torn_down()
    {
        await using var pair = await Pair.InCallAsync();
        pair.Bob.InMemory.StopReading();
        await pair.Alice.SignalAsync("bob", 2);
        await pair.Bob.InMemory.WhenBlockedAsync();
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.ExpectSignalsAsync(1, 2);

        pair.Server.Advance(TimeSpan.FromSeconds(12), pair.Alice, bob);

        Assert.That(await pair.Bob.ExpectCloseAsync(), Is.EqualTo(ClientReceived.NoClose));
        await pair.Bob.Served.WaitAsync(TestPeer.Timeout);
    }

    /// <summary>Whoever brings a session back has its turn; neither a message nor the end of its socket comes between.</summary>
    [Test]
    public async Task Messages_and_the_end_of_a_socket_wait_for_the_sessions_turn()
    {
        await using var pair = await Pair.InCallAsync();
        var session = pair.Server.Get<SessionStore>().All.Single(session => session.Username.Value == "bob");
        using (await session.TakeTurnAsync())
        {
            await pair.Bob.SendAsync(MessageTypes.Signal, new { targetUsername = "alice", signal = 1 });
            await YieldAsync();
            await pair.Alice.ExpectNothingAsync();
        }

        await pair.Alice.ExpectSignalsAsync(1, 1);
        using (await session.TakeTurnAsync())
        {
            pair.Bob.Socket.Abort();
            await YieldAsync();
            await pair.Alice.ExpectNothingAsync();
            Assert.That(session.Connection, Is.Not.Null);
        }

        await pair.Alice.ExpectStatusAsync(pair.Bob, "reconnecting");
    }

    [Test]
    public async Task In_the_middle_of_sending_nothing_is_lost_or_doubled()
    {
        await using var pair = await Pair.InCallAsync();
        using var ahead = new SemaphoreSlim(200); // Of 256 that are kept.
        var sending = Task.Run(async () =>
        {
            for (var i = 1; i <= 10 * Rounds; i++)
            {
                await ahead.WaitAsync();
                await pair.Alice.SignalOneAsync("bob", i);
            }
        });
        var (current, count, next) = (pair.Bob, pair.Bob.Counted, 1);
        for (var round = 0; round < Rounds; round++)
        {
            var successor = await pair.Server.ResumeAsync(current, count);
            current.Dispose();
            current = successor;
            var reads = Math.Min(round % 14, (10 * Rounds) - next);
            await current.ExpectSignalsAsync(next, next + reads - 1);
            (count, next) = (count + reads, next + reads);
            if (reads > 0)
                ahead.Release(reads);
        }

        for (; next <= 10 * Rounds; next++, ahead.Release())
            await current.ExpectSignalsAsync(next, next);
        await sending;
        await current.ExpectNothingAsync();
        current.Dispose();
    }

    [Test]
    public async Task Of_two_that_race_with_the_same_token_one_has_the_session_and_the_other_is_closed()
    {
        await using var pair = await Pair.InCallAsync();
        var (current, count) = (pair.Bob, pair.Bob.Counted);
        for (var round = 1; round <= Rounds; round++)
        {
            if (round % 2 == 0)
            {
                await current.LoseSocketAsync();
                await pair.Alice.ExpectAsync(MessageTypes.PeerStatus);
            }

            var racers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => pair.Server.ResumeAsync(current, count))));
            if (round % 2 == 0)
                await pair.Alice.ExpectAsync(MessageTypes.PeerStatus);
            await pair.Alice.SignalOneAsync("bob", round);

            var answers = await Task.WhenAll(racers.Select(racer => racer.Socket.ReceiveInTimeAsync()));
            var winner = Array.FindIndex(answers, static answer => answer.Text is not null);
            Assert.That(answers[1 - winner].CloseCode, Is.EqualTo((int)CloseCode.Replaced), $"round {round}");
            Assert.That(System.Text.Json.JsonElement.Parse(answers[winner].Text!).GetProperty("signal").GetInt32(), Is.EqualTo(round));
            count++;
            current.Dispose();
            racers[1 - winner].Dispose();
            current = racers[winner];
            await current.SendAsync(MessageTypes.Ping);
            await current.ExpectAsync(MessageTypes.Pong);
            count++;
        }

        Assert.That(pair.Server.Get<SessionStore>().Count, Is.EqualTo(2));
        current.Dispose();
    }

    [Test]
    public async Task A_resume_that_races_with_the_end_of_the_former_socket_finds_the_session()
    {
        await using var pair = await Pair.InCallAsync();
        var (current, count) = (pair.Bob, pair.Bob.Counted);
        for (var round = 1; round <= Rounds; round++)
        {
            var former = current;
            var ending = Task.Run(former.LoseSocketAsync);
            current = await Task.Run(() => pair.Server.ResumeAsync(former, count));
            await ending;
            await SignalAmongStatusesAsync(pair.Alice, round);
            await current.ExpectSignalsAsync(round, round);
            count++;
        }

        // Never one without the other.
        var statuses = pair.Alice.Received.Where(message => message.Text("type") == MessageTypes.PeerStatus).Select(message => message.Text("status")).ToList();
        Assert.That(statuses.Where((_, i) => i % 2 == 0), Is.All.EqualTo("reconnecting"));
        Assert.That(statuses.Where((_, i) => i % 2 == 1), Is.All.EqualTo("connected"));
        Assert.That(statuses, Has.Count.EqualTo(statuses.Count / 2 * 2));
        Assert.That(pair.Server.Get<SessionStore>().Count, Is.EqualTo(2));
        current.Dispose();
    }

    /// <summary>Time for others to do what they must not do yet.</summary>
    private static async Task YieldAsync()
    {
        for (var i = 0; i < 2000; i++)
            await Task.Yield();
    }

    /// <summary>Waits for the answer, whatever came before it.</summary>
    private static async Task SignalAmongStatusesAsync(TestPeer alice, int signal)
    {
        await alice.SendAsync(MessageTypes.Signal, new { targetUsername = "bob", signal, id = "s" });
        while ((await alice.ReceiveAsync()).Text("type") is var type && type != MessageTypes.Ack)
            Assert.That(type, Is.EqualTo(MessageTypes.PeerStatus));
    }
}
