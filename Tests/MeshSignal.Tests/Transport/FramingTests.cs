using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>Raw frames against the real server: what RFC 6455 allows is served, what it forbids ends with the code that says so, and others notice nothing.</summary>
internal sealed class FramingTests
{
    [TestCaseSource(typeof(FramingCases), nameof(FramingCases.Legal))]
    public async Task Legal_framing_is_understood(FramingCase written, string[] pongs)
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.OpenAsync(server.Port);
        await WriteAsync(peer, written);

        var frames = new List<ServerFrame>();
        while (frames.Count < pongs.Length + 1)
            frames.Add(await peer.ReadFrameAsync());

        Assert.That(frames.Where(frame => frame.Opcode == Pong).Select(frame => frame.Text), Is.EqualTo(pongs));
        Assert.That(frames.Where(frame => frame.Opcode == Text).Select(frame => frame.Text), Has.One.Contains("\"pong\""));
        await AssertServedAsync(peer);
    }

    [TestCaseSource(typeof(FramingCases), nameof(FramingCases.Violations))]
    [TestCaseSource(typeof(FramingCases), nameof(FramingCases.BadText))]
    public async Task Violation_is_closed_with_its_code_and_costs_nobody_else_anything(FramingCase written, int code)
    {
        await using var server = await RealServer.StartAsync();
        using var bystander = await server.ConnectAsync("bystander");
        using var peer = await RawSocket.OpenAsync(server.Port);
        await WriteAsync(peer, written);

        var close = await peer.ReadCloseAsync();
        Assert.That(close.CloseCode, Is.EqualTo(code), close.Text);
        await AssertEndedAsync(peer);
        await bystander.ExpectNothingAsync();
    }

    /// <summary>The WebSocket that met the violation sent no more; the writer took that for a lost socket, and the peer was left open for ever without a word.</summary>
    [TestCaseSource(typeof(FramingCases), nameof(FramingCases.Violations))]
    [TestCaseSource(typeof(FramingCases), nameof(FramingCases.BadText))]
    public async Task Violation_behind_messages_that_are_still_being_answered_is_closed_too(FramingCase written, int code)
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.OpenAsync(server.Port);
        byte[] pings = [.. Enumerable.Repeat(Message("""{"type":"ping"}"""), 20).SelectMany(static ping => ping)];
        await peer.SendAsync(pings);
        await WriteAsync(peer, written);

        var close = await peer.ReadCloseAsync();
        Assert.That(close.CloseCode, Is.EqualTo(code), close.Text);
        await AssertEndedAsync(peer);
    }

    /// <summary>Its result says "end of message", which was believed: others got half a message, and the Close was not answered.</summary>
    [Test]
    public async Task Close_between_two_fragments_is_a_close_and_no_message()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.OpenAsync(server.Port);
        await peer.SendAsync([.. Frame(Text, """{"type":"ping"}""", isFinal: false), .. Closing(1000)]);

        var frame = await peer.ReadFrameAsync();
        Assert.That((frame.Opcode, frame.CloseCode), Is.EqualTo((Close, 1000)));
        await AssertEndedAsync(peer);
    }

    [Test]
    public async Task Message_that_is_no_message_is_answered_and_the_connection_stays()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.OpenAsync(server.Port);
        await peer.SendAsync(Message(""));

        Assert.That((await peer.ReadFrameAsync()).Text, Does.Contain("invalid-message"));
        await AssertServedAsync(peer);
    }

    [Test]
    public async Task Connection_ends_after_a_violation_even_if_the_peer_does_nothing()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.OpenAsync(server.Port);
        await peer.SendAsync(Frame(Binary, ""));

        Assert.That((await peer.ReadCloseAsync()).CloseCode, Is.EqualTo(1003));
        Assert.That(await peer.ReadToEndAsync(), Is.Zero);
    }

    [Test]
    public async Task Close_reaches_a_peer_that_has_sent_more_than_anybody_read()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.OpenAsync(server.Port);
        await peer.SendAsync(Frame(Text, 8 << 20));

        Assert.That((await peer.ReadCloseAsync()).CloseCode, Is.EqualTo(1009));
        await AssertEndedAsync(peer);
    }

    private static async Task WriteAsync(RawSocket peer, FramingCase written)
    {
        foreach (var piece in written.Writes)
            await peer.SendAsync(piece);
        if (TestFraming.IsFleck && written.FleckWaitsFor is { } rest)
            await WriteTheRestAsync(peer, rest);
    }

    /// <summary>Shows the gap first: who has closed answers no ping.</summary>
    private static async Task WriteTheRestAsync(RawSocket peer, byte[] rest)
    {
        await peer.SendAsync(Frame(Ping, "still open"));
        while (await peer.ReadFrameAsync() is var frame && frame.Opcode != Pong)
            Assert.That(frame.Opcode, Is.EqualTo(Text));
        await peer.SendAsync(rest);
    }

    private static async Task AssertServedAsync(RawSocket peer)
    {
        await peer.SendAsync(Message("""{"type":"ping"}"""));
        Assert.That((await peer.ReadFrameAsync()).Text, Does.Contain("\"pong\""));
    }

    /// <summary>Nothing follows the Close frame, and then the connection ends: at once, because the peer ends its direction too.</summary>
    private static async Task AssertEndedAsync(RawSocket peer)
    {
        peer.EndSending();
        Assert.That(await peer.ReadToEndAsync(), Is.Zero);
    }
}
