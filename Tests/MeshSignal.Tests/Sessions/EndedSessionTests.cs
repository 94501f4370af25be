using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

/// <summary>Which ends of a socket end the session too, and after which its client can come back.</summary>
internal sealed class EndedSessionTests
{
    [TestCase(CloseCode.Normal, false)]
    [TestCase(CloseCode.ProtocolError, false)]
    [TestCase(CloseCode.UnsupportedData, false)]
    [TestCase(CloseCode.InvalidPayload, false)]
    [TestCase(CloseCode.PolicyViolation, false)]
    [TestCase(CloseCode.MessageTooBig, false)]
    [TestCase(CloseCode.InternalError, false)]
    [TestCase(CloseCode.ServiceRestart, true)]
    [TestCase((CloseCode)3999, false)]
    [TestCase((CloseCode)4000, true)]
    [TestCase(CloseCode.HeartbeatTimeout, true)]
    [TestCase(CloseCode.SlowConsumer, true)]
    [TestCase((CloseCode)4499, true)]
    [TestCase((CloseCode)4500, false)]
    [TestCase(CloseCode.BadToken, false)]
    [TestCase(CloseCode.Replaced, false)]
    [TestCase(CloseCode.NameTaken, false)]
    [TestCase(CloseCode.InvalidName, false)]
    public void The_code_of_a_close_tells_whether_to_come_back(CloseCode code, bool isResumable) =>
        Assert.That(new Closing(code, "").IsResumable, Is.EqualTo(isResumable));

    [Test]
    public async Task Whoever_closes_has_left()
    {
        await using var pair = await Pair.InCallAsync();

        await pair.Bob.CloseAsync();

        await pair.Alice.ExpectLeftAsync(pair.Bob, "left");
        await ExpectUnknownAsync(pair);
    }

    /// <summary>A browser's page that is closed sends its Close and resets the connection; what was being written to it fails before the Close is looked at.</summary>
    [Test]
    public async Task Even_if_writing_to_it_has_failed_first()
    {
        await using var pair = await Pair.InCallAsync();
        var session = pair.Server.Get<SessionStore>().All.Single(session => session.Username.Value == "bob");
        using (await session.TakeTurnAsync())
        {
            await pair.Bob.SendAsync(MessageTypes.Ping); // Its connection waits for the turn, and has not received the Close.
            await pair.Bob.CloseAsync();
            pair.Bob.InMemory.Abort();
            await pair.Alice.SignalOneAsync("bob", 1);
            await WhenAsync(() => session.Connection?.Closing is not null);
        }

        await pair.Alice.ExpectLeftAsync(pair.Bob, "left");
        await ExpectUnknownAsync(pair);
    }

    /// <summary>A laptop wakes up after it was closed for silence, and its user closes the tab: that is no echo.</summary>
    [Test]
    public async Task Or_if_we_have_closed_first_with_another_code()
    {
        await using var pair = await Pair.InCallAsync();
        pair.Bob.InMemory.AnswersPings = false;
        pair.Server.Advance(TimeSpan.FromSeconds(25), pair.Alice);
        await pair.Bob.ExpectCloseAsync(CloseCode.HeartbeatTimeout);

        await pair.Bob.CloseAsync();

        await pair.Alice.ExpectLeftAsync(pair.Bob, "left");
        await ExpectUnknownAsync(pair);
    }

    [Test]
    public async Task A_message_that_is_too_large_ends_it()
    {
        await using var pair = await Pair.InCallAsync();

        await pair.Bob.SendRawAsync(new string(' ', 65_537));

        await pair.Bob.ExpectCloseAsync(CloseCode.MessageTooBig);
        await pair.Alice.ExpectLeftAsync(pair.Bob, "disconnected");
        await ExpectUnknownAsync(pair);
    }

    [Test]
    public async Task Broken_framing_ends_it()
    {
        await using var server = await RealServer.StartAsync();
        using var raw = await RawSocket.OpenAsync(server.Port, "?username=alice");

        await raw.SendAsync(ClientFrame.Frame(ClientFrame.Text, "{}", isMasked: false));

        Assert.That((await raw.ReadCloseAsync()).CloseCode, Is.EqualTo(1002));
        Assert.That(server.Get<SessionStore>().Find(SessionToken.HashOf(raw.Token)), Is.Null);
    }

    [Test]
    public async Task Too_many_wrong_tokens_end_it()
    {
        await using var pair = await Pair.InCallAsync();
        for (var i = 0; i < 20; i++)
            await pair.Bob.SendAsync(MessageTypes.Leave, new { token = "wrong" });

        await pair.Bob.ExpectCloseAsync(CloseCode.BadToken);
        await pair.Alice.ExpectLeftAsync(pair.Bob, "disconnected");
        await ExpectUnknownAsync(pair);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_peer_that_fell_silent_can_come_back_to_what_it_missed(bool answersTheClose)
    {
        await using var pair = await Pair.InCallAsync();
        pair.Bob.InMemory.AnswersPings = false;
        pair.Server.Advance(TimeSpan.FromSeconds(24), pair.Alice);
        pair.Bob.InMemory.AnswersPings = answersTheClose;
        pair.Server.Advance(TimeSpan.FromSeconds(1), pair.Alice);
        await pair.Bob.ExpectCloseAsync(CloseCode.HeartbeatTimeout);
        for (var i = 1; i <= 2; i++)
            await pair.Alice.SendAsync(MessageTypes.Signal, new { targetUsername = "bob", signal = i, id = i }); // Kept, whether it is just being closed or away.
        await pair.Alice.SettleAsync();
        pair.Server.Advance(TimeSpan.FromSeconds(2), pair.Alice);
        await pair.Bob.Served.WaitAsync(TestPeer.Timeout);

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await bob.ExpectSignalsAsync(1, 2);
        await pair.Alice.SettleAsync();
        var heard = pair.Alice.Received.ToLookup(message => message.Text("type"), StringComparer.Ordinal);
        Assert.That(heard[MessageTypes.PeerStatus].Select(message => message.Text("status")), Is.EqualTo(["reconnecting", "connected"]));
        Assert.That(heard[MessageTypes.Ack].Select(message => message.GetProperty("id").GetInt32()), Is.EqualTo([1, 2]));
        Assert.That(heard[MessageTypes.PeerLeft], Is.Empty);
    }

    /// <summary>A fault of ours while a session is brought back must cost that session at most, and must not hold its name for ever.</summary>
    [Test]
    public async Task A_fault_during_a_resume_does_not_keep_the_session_half_alive()
    {
        await using var pair = await Pair.InCallAsync(FaultyCluster.Replacing(out var cluster));
        pair.Server.ExpectedErrors = 1;
        await pair.LoseBobAsync();
        cluster.ThrowsFor = session => session.Username.Value == "alice";
        using (var unlucky = pair.Server.Return(pair.Bob, pair.Bob.Counted))
        {
            await unlucky.ExpectCloseAsync();
            await unlucky.Served.WaitAsync(TestPeer.Timeout);
        }

        cluster.ThrowsFor = static _ => false;
        pair.Server.Advance(TimeSpan.FromSeconds(32), pair.Alice);
        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted, "bob");
        Assert.That((await bob.ExpectAsync(MessageTypes.SessionToken)).Text("username"), Is.EqualTo("bob"));
    }

    private static async Task ExpectUnknownAsync(Pair pair)
    {
        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted, "bob");
        await bob.ExpectNewAsync("unknown");
        Assert.That(bob.Name, Is.EqualTo("bob"));
    }

    /// <summary>For what nobody is told of.</summary>
    private static async Task WhenAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(TestPeer.Timeout);
        while (!condition())
        {
            timeout.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
