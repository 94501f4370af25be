using System.Globalization;
using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

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
            Assert.That(outbox.Enqueue(Message(text)));

        foreach (var text in sent)
            Assert.That((await ReceiveAsync(socket)).Text, Is.EqualTo(text));
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
                Assert.That(outbox.Enqueue(Message($"{sender} {number:0000}")));
                if (number % 100 == 0)
                    outbox.Ping();
            }
        })));
        outbox.Close(CloseCode.Normal, "");
        await AssertClosesAsync(outbox);

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
            outbox.Enqueue(Message(text));
            Assert.That((await ReceiveAsync(socket)).Text, Is.EqualTo(text));
        }
    }

    [Test]
    public async Task More_messages_than_the_limit_close_the_peer_as_slow()
    {
        using var socket = new GatedSocket();
        var outbox = new Outbox(socket, new LimitOptions { SendQueueMessages = 3 }, _clock);
        await FillAsync(socket, outbox, "being written", "1", "2", "3");

        Assert.That(outbox.Enqueue(Message("4")), Is.False);
        await AssertClosedAsSlowAsync(socket, outbox, "being written");
    }

    [Test]
    public async Task More_bytes_than_the_limit_close_the_peer_as_slow()
    {
        using var socket = new GatedSocket();
        var outbox = new Outbox(socket, new LimitOptions { SendQueueBytes = 10 }, _clock);
        await FillAsync(socket, outbox, "written", "1234567", "890");

        Assert.That(outbox.Enqueue(Message("x")), Is.False);
        await AssertClosedAsSlowAsync(socket, outbox, "written");
    }

    [Test]
    public async Task What_has_gone_out_counts_no_more()
    {
        using var socket = new GatedSocket();
        var outbox = new Outbox(socket, new LimitOptions { SendQueueBytes = 10, SendQueueMessages = 2 }, _clock);
        socket.Open();
        for (var i = 0; i < 100; i++)
        {
            Assert.That(outbox.Enqueue(Message("1234567890")));
            await socket.NextWriteAsync();
        }
    }

    [Test]
    public async Task A_message_that_waits_too_long_costs_the_peer_its_socket()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.StopReading();
        var outbox = New(socket);
        outbox.Enqueue(Message("a"));
        _clock.Advance(_limits.SendTimeout);
        outbox.CheckDeadlines();
        Assert.That(outbox.Closing, Is.Null, "not yet");

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        outbox.CheckDeadlines();
        await AssertClosesAsync(outbox);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.SlowConsumer));
            Assert.That((await ReceiveAsync(socket)).CloseCode, Is.EqualTo(ClientReceived.NoClose));
        }
    }

    [Test]
    public async Task The_time_runs_from_when_the_message_was_put_in()
    {
        using var socket = new GatedSocket();
        var outbox = New(socket);
        await FillAsync(socket, outbox, "first", "second");
        _clock.Advance(_limits.SendTimeout - TimeSpan.FromSeconds(1));
        socket.LetOneThrough();
        Assert.That(await socket.NextWriteAsync(), Is.EqualTo("second"));
        _clock.Advance(TimeSpan.FromSeconds(2));
        outbox.CheckDeadlines();
        Assert.That((outbox.Closing?.Code, socket.IsAborted), Is.EqualTo((CloseCode.SlowConsumer, true)));
    }

    [Test]
    public void Where_nothing_waits_no_time_runs_out()
    {
        using var socket = new GatedSocket();
        var outbox = New(socket);
        _clock.Advance(TimeSpan.FromHours(1));
        outbox.CheckDeadlines();
        Assert.That((outbox.Closing, socket.IsAborted), Is.EqualTo(((Closing?)null, false)));
    }

    [Test]
    public async Task A_close_waits_for_what_is_queued()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.StopReading();
        var outbox = New(socket);
        outbox.Enqueue(Message("a"));
        outbox.Enqueue(Message("b"));
        outbox.Close(CloseCode.ServiceRestart, "the server restarts");
        Assert.That(await outbox.ClosesWithinAsync(TimeSpan.Zero), Is.False);

        socket.ReadAgain();
        await AssertClosesAsync(outbox);
        ClientReceived[] received = [await ReceiveAsync(socket), await ReceiveAsync(socket), await ReceiveAsync(socket)];
        Assert.That(received, Is.EqualTo([new("a"), new("b"), new ClientReceived(null, 1012, "the server restarts")]));
    }

    [Test]
    public async Task Nothing_is_taken_after_a_close()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        var outbox = New(socket);
        outbox.Close(CloseCode.Normal, "");
        Assert.That(outbox.Enqueue(Message("too late")), Is.False);
        outbox.Ping();
        await AssertClosesAsync(outbox);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Enqueue(Message("too late")), Is.False);
            Assert.That((await ReceiveAsync(socket)).CloseCode, Is.EqualTo(1000));
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
        await AssertClosesAsync(outbox);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Closing, Is.EqualTo(new Closing(CloseCode.BadToken, "first")));
            Assert.That(await ReceiveAsync(socket), Is.EqualTo(new ClientReceived(null, 4501, "first")));
        }
    }

    [Test]
    public async Task A_ping_goes_ahead_of_what_is_queued()
    {
        using var socket = new GatedSocket();
        var outbox = New(socket);
        await FillAsync(socket, outbox, "being written", "queued");
        outbox.Ping();
        outbox.Ping();
        socket.Open();
        outbox.Close(CloseCode.Normal, "");
        await AssertClosesAsync(outbox);
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
    public async Task A_close_that_cannot_get_out_is_given_up_after_two_seconds()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.StopReading();
        var outbox = New(socket);
        outbox.Enqueue(Message("a"));
        outbox.Close(CloseCode.BadToken, "");
        _clock.Advance(TimeSpan.FromSeconds(2));
        outbox.CheckDeadlines();
        Assert.That(await outbox.ClosesWithinAsync(TimeSpan.Zero), Is.False, "not yet");

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        outbox.CheckDeadlines();
        await AssertClosesAsync(outbox);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.BadToken));
            Assert.That((await ReceiveAsync(socket)).CloseCode, Is.EqualTo(ClientReceived.NoClose));
        }
    }

    [Test]
    public async Task A_socket_that_fails_ends_the_writing()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.Abort();
        var outbox = New(socket);
        outbox.Enqueue(Message("a"));
        await AssertClosesAsync(outbox);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.GoingAway));
            Assert.That(outbox.Enqueue(Message("b")), Is.False);
        }
    }

    [Test]
    public async Task A_socket_that_fails_during_the_close_ends_it_too()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.Abort();
        var outbox = New(socket);
        outbox.Close(CloseCode.HeartbeatTimeout, "");
        await AssertClosesAsync(outbox);
        Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.HeartbeatTimeout));
    }

    private static EncodedMessage Message(string text) => new(Encoding.UTF8.GetBytes(text));

    private static Task<ClientReceived> ReceiveAsync(InMemorySocket socket) => socket.ReceiveAsync().WaitAsync(TestPeer.Timeout);

    /// <summary>However long it takes by the clock of the test, which stands.</summary>
    private static async Task AssertClosesAsync(Outbox outbox) =>
        Assert.That(await outbox.ClosesWithinAsync(TimeSpan.FromSeconds(1)).WaitAsync(TestPeer.Timeout));

    /// <summary>The first message is with the socket when this ends, the others are queued.</summary>
    private static async Task FillAsync(GatedSocket socket, Outbox outbox, string first, params string[] others)
    {
        outbox.Enqueue(Message(first));
        Assert.That(await socket.NextWriteAsync(), Is.EqualTo(first));
        foreach (var text in others)
            Assert.That(outbox.Enqueue(Message(text)));
    }

    private static async Task AssertClosedAsSlowAsync(GatedSocket socket, Outbox outbox, params string[] written)
    {
        Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.SlowConsumer));
        socket.Open();
        await AssertClosesAsync(outbox);
        Assert.That(socket.Written, Is.EqualTo([.. written, $"{GatedSocket.Close} 4040"]));
    }

    private Outbox New(IMessageSocket socket) => new(socket, _limits, _clock);
}
