using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

/// <summary>How much is kept for a resume: 256 messages and 262 144 bytes, all of what was missed or nothing of it.</summary>
internal sealed class ReplayLimitTests
{
    private const string FewMessages = "MeshSignal:Sessions:ReplayMessages";

    [TestCase(256, true)]
    [TestCase(257, false)]
    public async Task So_many_messages_while_it_was_away(int missed, bool isComplete)
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        await pair.Alice.SignalAsync("bob", missed);

        await ExpectAsync(pair, pair.Bob.Counted, isComplete ? missed : null);
    }

    [TestCase(256, true)]
    [TestCase(257, false)]
    public async Task So_many_messages_that_went_out_and_did_not_arrive(int missed, bool isComplete)
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Alice.SignalAsync("bob", 300);
        await pair.Bob.ExpectSignalsAsync(1, 300);
        await pair.LoseBobAsync();

        await ExpectAsync(pair, pair.Bob.Counted - missed, isComplete ? missed : null, 300);
    }

    [TestCase(256, true)]
    [TestCase(257, false)]
    public async Task So_many_messages_that_still_waited_to_be_sent(int missed, bool isComplete)
    {
        await using var pair = await Pair.InCallAsync();
        pair.Bob.InMemory.StopReading();
        await pair.Alice.SignalAsync("bob", missed);
        await pair.LoseBobAsync();

        await ExpectAsync(pair, pair.Bob.Counted, isComplete ? missed : null);
    }

    [TestCase(0, true)]
    [TestCase(1, false)]
    public async Task So_many_bytes(int more, bool isComplete)
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Alice.SignalOneAsync("bob", "");
        var frame = (await pair.Bob.ExpectAsync(MessageTypes.Signal)).GetRawText().Length;
        await pair.LoseBobAsync();
        const int Eighth = 262_144 / 8;
        for (var i = 0; i < 8; i++)
            await pair.Alice.SignalOneAsync("bob", new string('x', Eighth - frame + (i == 7 ? more : 0)));

        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted);
        if (!isComplete)
        {
            await bob.ExpectNewAsync("incomplete");
            return;
        }

        await bob.ExpectResumedAsync();
        for (var i = 0; i < 8; i++)
            Assert.That((await bob.ExpectAsync(MessageTypes.Signal)).GetRawText(), Has.Length.EqualTo(Eighth));
    }

    [Test]
    public async Task What_waits_for_a_socket_that_is_still_there_is_not_given_up()
    {
        await using var pair = await Pair.InCallAsync((FewMessages, "4"));
        pair.Bob.InMemory.StopReading();
        await pair.Alice.SignalAsync("bob", 20);
        await pair.Bob.InMemory.WhenBlockedAsync();

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await bob.ExpectSignalsAsync(1, 20);
    }

    [Test]
    public async Task A_slow_reader_that_was_closed_with_4040_gets_what_its_queue_held()
    {
        await using var pair = await Pair.InCallAsync(("MeshSignal:Limits:SendQueueMessages", "16"));
        pair.Bob.InMemory.StopReading();
        await pair.Alice.SignalOneAsync("bob", 1);
        await pair.Bob.InMemory.WhenBlockedAsync();
        for (var i = 2; i <= 30; i++)
            await pair.Alice.SignalOneAsync("bob", i); // The 18th is too many; those from there on are kept only.
        pair.Bob.InMemory.ReadAgain();
        await pair.Bob.ExpectSignalsAsync(1, 1);
        await pair.Bob.ExpectCloseAfterNothingAsync(CloseCode.SlowConsumer);
        await pair.Bob.Served.WaitAsync(TestPeer.Timeout);
        await pair.Alice.ExpectStatusAsync(pair.Bob, "reconnecting");

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await bob.ExpectSignalsAsync(2, 30);
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task A_replay_does_not_count_to_the_send_queue()
    {
        await using var pair = await Pair.InCallAsync(("MeshSignal:Limits:SendQueueMessages", "16"));
        await pair.LoseBobAsync();
        await pair.Alice.SignalAsync("bob", 256);

        // From the first message on it does not read.
        var socket = new InMemorySocket(pair.Server.Get<MeshSignalOptions>().Limits, pair.Server.Clock);
        socket.StopReading();
        using var bob = new TestPeer(socket, Profile.V1);
        var request = new ConnectionRequest(Profile.V1, Former: new FormerSession(pair.Bob.Token, pair.Bob.Counted));
        var served = Task.Run(() => pair.Server.Get<ConnectionHandler>().RunAsync(socket, request));
        await socket.WhenBlockedAsync();
        await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");
        for (var i = 257; i <= 256 + 16; i++)
            await pair.Alice.SignalOneAsync("bob", i);

        socket.ReadAgain();
        await bob.ExpectResumedAsync();
        await bob.ExpectSignalsAsync(1, 256 + 16);
        await bob.ExpectNothingAsync();
        bob.Dispose();
        await served.WaitAsync(TestPeer.Timeout);
    }

    [Test]
    public async Task A_ping_says_what_has_arrived_and_that_is_not_kept()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Alice.SignalAsync("bob", 3);
        await pair.Bob.ExpectSignalsAsync(1, 3);
        var count = pair.Bob.Counted;

        await pair.Bob.SendAsync(MessageTypes.Ping, new { received = count - 1 });
        await pair.Bob.ExpectAsync(MessageTypes.Pong);
        await pair.LoseBobAsync();

        using var bob = await pair.Server.ResumeAsync(pair.Bob, count - 1);
        await bob.ExpectSignalsAsync(3, 3);
        await bob.ExpectAsync(MessageTypes.Pong);
        await bob.LoseSocketAsync();
        using var again = pair.Server.Return(bob, count - 2);
        await again.ExpectNewAsync("incomplete");
    }

    [Test]
    public async Task Half_of_256_and_half_again_can_be_missed_if_the_first_half_was_confirmed()
    {
        await using var pair = await Pair.InCallAsync((FewMessages, "4"));
        await pair.LoseBobAsync();
        await pair.Alice.SignalAsync("bob", 4);
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.ExpectSignalsAsync(1, 4);
        await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");
        await bob.LoseSocketAsync();
        await pair.Alice.ExpectStatusAsync(pair.Bob, "reconnecting");
        await pair.Alice.SignalAsync("bob", 4);

        using var again = await pair.Server.ResumeAsync(bob, pair.Bob.Counted + 4);

        await again.ExpectSignalsAsync(1, 4);
    }

    [Test]
    public async Task A_count_of_more_than_was_sent_is_refused_and_gives_nothing_up()
    {
        await using var pair = await Pair.InCallAsync();
        var count = pair.Bob.Counted;

        await pair.Bob.SendAsync(MessageTypes.Ping, new { received = count + 1, id = 1 });
        Assert.That((await pair.Bob.ExpectErrorAsync(ErrorCode.InvalidMessage, id: 1)).Text("requestType"), Is.EqualTo(MessageTypes.Ping));
        await pair.Bob.SendAsync(MessageTypes.Ping, new { received = -1, id = 2 });
        await pair.Bob.ExpectErrorAsync(ErrorCode.InvalidMessage, id: 2);
        await pair.LoseBobAsync();

        using var bob = await pair.Server.ResumeAsync(pair.Bob, count);
        await bob.ExpectErrorAsync(ErrorCode.InvalidMessage, id: 1);
        await bob.ExpectErrorAsync(ErrorCode.InvalidMessage, id: 2);
        await bob.ExpectNothingAsync();
    }

    /// <summary>What it says is of no use to anybody, and does no harm.</summary>
    [Test]
    public async Task A_legacy_client_may_count_too()
    {
        await using var server = await TestServer.StartAsync();
        using var legacy = await server.ConnectLegacyAsync("legacy", chat: false);

        await legacy.SendAsync(MessageTypes.Ping, new { received = 1_000_000 });

        await legacy.ExpectAsync(MessageTypes.Pong);
    }

    /// <param name="missed">Null if it is not all there.</param>
    private static async Task ExpectAsync(Pair pair, long count, int? missed, int? last = null)
    {
        using var bob = pair.Server.Return(pair.Bob, count);
        if (missed is not { } number)
        {
            await bob.ExpectNewAsync("incomplete");
            await bob.ExpectNothingAsync(); // Never only a part.
            await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");
            return;
        }

        await bob.ExpectResumedAsync();
        await bob.ExpectSignalsAsync((last ?? number) - number + 1, last ?? number);
        await bob.ExpectNothingAsync();
    }
}
