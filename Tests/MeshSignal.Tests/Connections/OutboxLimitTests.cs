using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

/// <summary>How much may wait, and for how long.</summary>
internal sealed class OutboxLimitTests
{
    private readonly FakeClock _clock = new();
    private readonly LimitOptions _limits = new();

    [Test]
    public async Task More_messages_than_the_limit_close_the_peer_as_slow()
    {
        using var socket = new GatedSocket();
        var outbox = new Outbox(socket, new LimitOptions { SendQueueMessages = 3 }, _clock);
        await outbox.FillAsync(socket, "being written", "1", "2", "3");

        Assert.That(outbox.Enqueue("4"), Is.False);
        await AssertClosedAsSlowAsync(socket, outbox, "being written");
    }

    [Test]
    public async Task More_bytes_than_the_limit_close_the_peer_as_slow()
    {
        using var socket = new GatedSocket();
        var outbox = new Outbox(socket, new LimitOptions { SendQueueBytes = 10 }, _clock);
        await outbox.FillAsync(socket, "written", "1234567", "890");

        Assert.That(outbox.Enqueue("x"), Is.False);
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
            Assert.That(outbox.Enqueue("1234567890"));
            await socket.NextWriteAsync();
        }
    }

    [Test]
    public async Task Who_reads_what_it_has_missed_is_given_the_time_for_all_of_it_and_for_what_came_behind_it()
    {
        using var socket = new GatedSocket();
        var outbox = New(socket);
        outbox.Replay(Enumerable.Range(1, 8).Select(i => new EncodedMessage(Encoding.UTF8.GetBytes($"{i}"))));
        outbox.Enqueue("9");
        for (var i = 1; i <= 9; i++)
        {
            Assert.That(await socket.NextWriteAsync(), Is.EqualTo($"{i}"));
            _clock.Advance(_limits.SendTimeout);
            outbox.CheckDeadlines();
            Assert.That(outbox.Closing, Is.Null, $"at message {i}");
            if (i < 9)
                socket.LetOneThrough();
        }

        _clock.Advance(TimeSpan.FromTicks(1));
        outbox.CheckDeadlines();
        Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.SlowConsumer));
    }

    [Test]
    public async Task A_message_that_waits_too_long_costs_the_peer_its_socket()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.StopReading();
        var outbox = New(socket);
        outbox.Enqueue("a");
        _clock.Advance(_limits.SendTimeout);
        outbox.CheckDeadlines();
        Assert.That(outbox.Closing, Is.Null, "not yet");

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        outbox.CheckDeadlines();
        await outbox.AssertClosesAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.SlowConsumer));
            Assert.That((await socket.ReceiveInTimeAsync()).CloseCode, Is.EqualTo(ClientReceived.NoClose));
        }
    }

    [Test]
    public async Task The_time_runs_from_when_the_message_was_put_in()
    {
        using var socket = new GatedSocket();
        var outbox = New(socket);
        await outbox.FillAsync(socket, "first", "second");
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
    public async Task A_close_that_cannot_get_out_is_given_up_after_two_seconds()
    {
        using var socket = new InMemorySocket(_limits, _clock);
        socket.StopReading();
        var outbox = New(socket);
        outbox.Enqueue("a");
        outbox.Close(CloseCode.BadToken, "");
        _clock.Advance(TimeSpan.FromSeconds(2));
        outbox.CheckDeadlines();
        Assert.That(await outbox.ClosesWithinAsync(TimeSpan.Zero), Is.False, "not yet");

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        outbox.CheckDeadlines();
        await outbox.AssertClosesAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.BadToken));
            Assert.That((await socket.ReceiveInTimeAsync()).CloseCode, Is.EqualTo(ClientReceived.NoClose));
        }
    }

    private static async Task AssertClosedAsSlowAsync(GatedSocket socket, Outbox outbox, params string[] written)
    {
        Assert.That(outbox.Closing?.Code, Is.EqualTo(CloseCode.SlowConsumer));
        socket.Open();
        await outbox.AssertClosesAsync();
        Assert.That(socket.Written, Is.EqualTo([.. written, $"{GatedSocket.Close} 4040"]));
    }

    private Outbox New(IMessageSocket socket) => new(socket, _limits, _clock);
}
