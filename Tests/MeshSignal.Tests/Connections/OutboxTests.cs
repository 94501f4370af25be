using System.Globalization;
using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

/// <summary>What goes out, in which order, and how it ends.</summary>
internal sealed class OutboxTests
{
    private readonly FakeClock _clock = new();
    private readonly LimitOptions _limits = new();

    [Test]
    public async Task Messages_go_out_in_the_order_they_were_put_in()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        var outbox = New(socket);
        var sent = Enumerable.Range(0, 1000).Select(number => number.ToString(CultureInfo.InvariantCulture)).ToList();
        foreach (var text in sent)
            Assert.That(outbox.Enqueue(text));

        foreach (var text in sent)
            Assert.That((await socket.ReceiveInTimeAsync()).Text, Is.EqualTo(text));
    }

    [Test]
    public async Task However_many_put_messages_in_one_at_a_time_is_written()
    {
        using var socket = new GatedSocket();
        socket.Open();
        var outbox = new Outbox(socket, new LimitOptions { SendQueueMessages = 10_000 }, _clock);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(sender => Task.Run(() =>
        {
            for (var number = 0; number < 1000; number++)
            {
                Assert.That(outbox.Enqueue($"{sender} {number:0000}"));
                if (number % 100 == 0)
                    outbox.Ping();
            }
        })));
        outbox.Close(CloseCode.Normal, "");
        await outbox.AssertClosesAsync();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(socket.MostAtOnce, Is.EqualTo(1));
            Assert.That(socket.Messages, Has.Exactly(8000).Items);
            foreach (var sender in socket.Messages.GroupBy(text => text[0]))
                Assert.That(sender, Is.Ordered.Ascending.Using((IComparer<string>)StringComparer.Ordinal));
        }
    }

    [Test]
    public async Task A_message_put_in_after_a_pause_goes_out_too()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        var outbox = New(socket);
        foreach (var text in new[] { "a", "b", "c" })
        {
            outbox.Enqueue(text);
            Assert.That((await socket.ReceiveInTimeAsync()).Text, Is.EqualTo(text));
        }
    }

    [Test]
    public async Task A_close_waits_for_what_is_queued()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.StopReading();
        var outbox = New(socket);
        outbox.Enqueue("a");
        outbox.Enqueue("b");
        outbox.Close(CloseCode.ServiceRestart, "the server restarts");
        Assert.That(await outbox.ClosesWithinAsync(TimeSpan.Zero), Is.False);

        socket.ReadAgain();
        await outbox.AssertClosesAsync();
        ClientReceived[] received = [await socket.ReceiveInTimeAsync(), await socket.ReceiveInTimeAsync(), await socket.ReceiveInTimeAsync()];
        Assert.That(received, Is.EqualTo([new("a"), new("b"), new ClientReceived(null, 1012, "the server restarts")]));
    }

    [Test]
    public async Task Nothing_is_taken_after_a_close()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        var outbox = New(socket);
        outbox.Close(CloseCode.Normal, "");
        Assert.That(outbox.Enqueue("too late"), Is.False);
        outbox.Ping();
        await outbox.AssertClosesAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Enqueue("too late"), Is.False);
            Assert.That((await socket.ReceiveInTimeAsync()).CloseCode, Is.EqualTo(1000));
            Assert.That(socket.Pings, Is.Zero);
        }
    }

    [Test]
    public async Task The_first_reason_to_close_stands()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        var outbox = New(socket);
        outbox.Close(CloseCode.BadToken, "first");
        outbox.Close(CloseCode.Normal, "second");
        await outbox.AssertClosesAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Closing, Is.EqualTo(new Closing(CloseCode.BadToken, "first")));
            Assert.That(await socket.ReceiveInTimeAsync(), Is.EqualTo(new ClientReceived(null, 4501, "first")));
        }
    }

    [Test]
    public async Task A_ping_goes_ahead_of_what_is_queued()
    {
        using var socket = new GatedSocket();
        var outbox = New(socket);
        await outbox.FillAsync(socket, "being written", "queued");
        outbox.Ping();
        outbox.Ping();
        socket.Open();
        outbox.Close(CloseCode.Normal, "");
        await outbox.AssertClosesAsync();
        Assert.That(socket.Written, Is.EqualTo(["being written", GatedSocket.Ping, "queued", $"{GatedSocket.Close} 1000"]));
    }

    [Test]
    public async Task A_ping_alone_is_written_too()
    {
        using var socket = new GatedSocket();
        socket.Open();
        New(socket).Ping();
        Assert.That(await socket.NextWriteAsync(), Is.EqualTo(GatedSocket.Ping));
    }

    [Test]
    public async Task A_socket_that_fails_ends_the_writing()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.Abort();
        var outbox = New(socket);
        outbox.Enqueue("a");
        await outbox.AssertClosesAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.GoingAway));
            Assert.That(outbox.Enqueue("b"), Is.False);
        }
    }

    [Test]
    public async Task A_socket_that_fails_during_the_close_ends_it_too()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.Abort();
        var outbox = New(socket);
        outbox.Close(CloseCode.HeartbeatTimeout, "");
        await outbox.AssertClosesAsync();
        Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.HeartbeatTimeout));
    }

    private Outbox New(IMessageSocket socket) => new(socket, _limits, _clock);

    [Test]
    public async Task A_relayed_message_is_let_go_when_it_is_out()
    {
        using var socket = new GatedSocket();
        socket.Open();
        var outbox = new Outbox(socket, new LimitOptions(), new FakeClock());
        var message = RelayedMessageTests.Encode("""{"type":"webrtc-signal","targetUsername":"bob","signal":1}""");
        outbox.Enqueue(message);
        Assert.That(await socket.NextWriteAsync(), Does.Contain("webrtc-signal"));
        outbox.Close(CloseCode.Normal, "");
        await outbox.AssertClosesAsync();
        Assert.That(message.LetGo, Throws.InvalidOperationException);
    }

    /// <summary>A peer that did not read cost the pool all that was sent to it.</summary>
    [Test]
    public async Task What_will_not_be_sent_is_let_go_too()
    {
        using var socket = new GatedSocket();
        var outbox = new Outbox(socket, new LimitOptions { SendQueueMessages = 2 }, new FakeClock());
        EncodedMessage[] messages = [.. Enumerable.Range(0, 5).Select(static n => RelayedMessageTests.Encode($$"""{"type":"webrtc-signal","targetUsername":"bob","signal":{{n}}}"""))];
        outbox.Enqueue(messages[0]);
        await socket.NextWriteAsync();

        Assert.That(messages[1..].Select(outbox.Enqueue), Is.EqualTo([true, true, false, false]));

        foreach (var message in messages[1..])
            Assert.That(message.LetGo, Throws.InvalidOperationException);
        Assert.That(messages[0].LetGo, Throws.Nothing, "it is still being written");
    }

    [Test]
    public async Task A_message_that_is_sent_again_is_held_by_the_log_all_the_same()
    {
        using var socket = new GatedSocket();
        socket.Open();
        var outbox = new Outbox(socket, new LimitOptions(), new FakeClock());
        var kept = RelayedMessageTests.Encode("""{"type":"webrtc-signal","targetUsername":"bob","signal":1}""");
        outbox.Replay([kept]);
        Assert.That(await socket.NextWriteAsync(), Does.Contain("webrtc-signal"));
        outbox.Close(CloseCode.Normal, "");
        await outbox.AssertClosesAsync();
        Assert.That(kept.LetGo, Throws.Nothing);
    }
}
