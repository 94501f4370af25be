using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Conformance;

/// <summary>What every transport owes the rest of the server. A fixture for each says how to open one.</summary>
internal abstract class TransportConformance
{
    protected const int MessageBytes = 4096;

    protected FakeClock Clock { get; } = new();

    protected LimitOptions Limits { get; } = new() { MessageBytes = MessageBytes };

    [Test]
    public async Task Messages_arrive_whole_and_in_order_both_ways()
    {
        await using var transport = await OpenAsync();
        var (server, client) = (transport.Server, transport.Client);
        foreach (var length in Lengths)
            await client.SendAsync(Text(length));
        foreach (var length in Lengths)
            Assert.That(await ReceiveTextAsync(server), Is.EqualTo(Text(length)));

        foreach (var length in Lengths)
            await server.SendAsync(Encoding.UTF8.GetBytes(Text(length)));
        foreach (var length in Lengths)
            Assert.That((await client.ReceiveInTimeAsync()).Text, Is.EqualTo(Text(length)));
    }

    [Test]
    public async Task Message_one_byte_too_large_is_a_violation()
    {
        await using var transport = await OpenAsync();
        await transport.Client.SendAsync(Text(MessageBytes + 1));

        var end = await EndAsync(transport.Server);
        Assert.That((end.Cause, end.Code), Is.EqualTo((SocketEndCause.Violation, CloseCode.MessageTooBig)));
        await transport.Server.CloseAsync(end.Code, end.Reason);
        Assert.That(await CloseCodeAsync(transport.Client), Is.EqualTo(1009));
    }

    [Test]
    public async Task Close_of_ours_reaches_the_peer_behind_all_messages_with_code_and_reason()
    {
        await using var transport = await OpenAsync();
        await transport.Server.SendAsync("last"u8.ToArray());
        await transport.Server.CloseAsync(CloseCode.NameTaken, "name-taken");

        Assert.That((await transport.Client.ReceiveInTimeAsync()).Text, Is.EqualTo("last"));
        Assert.That(await transport.Client.ReceiveInTimeAsync(), Is.EqualTo(new ClientReceived(null, 4510, "name-taken")));
    }

    [Test]
    public async Task Close_of_the_peer_is_an_end_that_can_be_answered()
    {
        await using var transport = await OpenAsync();
        await transport.Client.SendAsync("last");
        await transport.Client.CloseAsync();

        Assert.That(await ReceiveTextAsync(transport.Server), Is.EqualTo("last"));
        var end = await EndAsync(transport.Server);
        Assert.That((end.Cause, end.Code), Is.EqualTo((SocketEndCause.ClosedByPeer, CloseCode.Normal)));
        await transport.Server.CloseAsync(end.Code, end.Reason);
        await transport.Server.LingerAsync().AsTask().WaitAsync(TestPeer.Timeout);
        Assert.That(await CloseCodeAsync(transport.Client), Is.EqualTo(1000));
    }

    [Test]
    public async Task What_comes_after_our_close_is_discarded()
    {
        await using var transport = await OpenAsync();
        await transport.Server.CloseAsync(CloseCode.BadToken, "");
        await transport.Client.SendAsync("too late");
        await transport.Client.CloseAsync();

        Assert.That((await EndAsync(transport.Server)).Cause, Is.Not.EqualTo(SocketEndCause.Violation));
    }

    [Test]
    public async Task Peer_that_goes_away_without_a_close_is_lost()
    {
        await using var transport = await OpenAsync();
        var pending = EndAsync(transport.Server);
        transport.Client.Abort();

        Assert.That(await pending, Is.EqualTo(SocketEnd.Lost));
    }

    [Test]
    public async Task Lost_peer_can_be_sent_nothing()
    {
        await using var transport = await OpenAsync();
        transport.Client.Abort();
        await EndAsync(transport.Server);

        Assert.That(async () => await transport.Server.SendAsync("anybody?"u8.ToArray()), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Abort_ends_a_pending_receive()
    {
        await using var transport = await OpenAsync();
        var pending = EndAsync(transport.Server);
        transport.Server.Abort();

        Assert.That((await pending).Cause, Is.EqualTo(SocketEndCause.Lost));
        Assert.That(await CloseCodeAsync(transport.Client), Is.EqualTo(ClientReceived.NoClose));
    }

    [Test]
    public async Task Ping_is_answered_and_counts_as_life()
    {
        await using var transport = await OpenAsync();
        var pending = transport.Server.ReceiveAsync().AsTask();
        var clientPending = transport.Client.ReceiveAsync();
        Clock.Advance(TimeSpan.FromSeconds(5));
        await transport.Server.PingAsync();

        // No call tells of a pong, so this asks until it is there; nothing else is under way that could pass for it.
        using var deadline = new CancellationTokenSource(TestPeer.Timeout);
        while (transport.Server.LastFrameAt != Clock.GetTimestamp())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.That((pending.IsCompleted, clientPending.IsCompleted), Is.EqualTo((false, false)));
    }

    [Test]
    public async Task Message_counts_as_life_when_it_is_whole()
    {
        await using var transport = await OpenAsync();
        Clock.Advance(TimeSpan.FromSeconds(5));
        await transport.Client.SendAsync("here");
        await ReceiveTextAsync(transport.Server);

        Assert.That(transport.Server.LastFrameAt, Is.EqualTo(Clock.GetTimestamp()));
    }

    [Test]
    public async Task Peer_that_does_not_answer_our_close_is_torn_down_after_two_seconds()
    {
        await using var transport = await OpenAsync(answersClose: false);
        var pending = EndAsync(transport.Server);
        await transport.Server.CloseAsync(CloseCode.ServiceRestart, "");
        Clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.That(pending.IsCompleted, Is.False);

        Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That((await pending).Cause, Is.EqualTo(SocketEndCause.Lost));
    }

    /// <param name="answersClose">False for a peer whose end never reads, so that it cannot answer.</param>
    protected abstract Task<OpenTransport> OpenAsync(bool answersClose = true);

    private static int[] Lengths => [1, 125, 126, 127, 600, 2048, MessageBytes, 2];

    private static string Text(int length) => new('x', length);

    private static async Task<string> ReceiveTextAsync(IMessageSocket socket)
    {
        using var received = await socket.ReceiveAsync().AsTask().WaitAsync(TestPeer.Timeout);
        Assert.That(received.End, Is.Null);
        return Encoding.UTF8.GetString(received.Message.Span);
    }

    private static async Task<SocketEnd> EndAsync(IMessageSocket socket)
    {
        using var received = await socket.ReceiveAsync().AsTask().WaitAsync(TestPeer.Timeout);
        Assert.That(received.End, Is.Not.Null);
        return received.End!;
    }

    private static async Task<int> CloseCodeAsync(IClientSocket client)
    {
        var received = await client.ReceiveInTimeAsync();
        Assert.That(received.Text, Is.Null);
        return received.CloseCode;
    }
}

/// <summary>Both ends of one socket.</summary>
internal sealed record OpenTransport(IMessageSocket Server, IClientSocket Client, Func<Task> CloseAsync) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await CloseAsync();
    }
}
