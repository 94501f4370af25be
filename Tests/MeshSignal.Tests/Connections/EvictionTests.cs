using MeshSignal.Protocol;
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
}
