using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>The closing handshake of RFC 6455 section 7, on raw frames.</summary>
internal sealed class CloseFrameTests
{
    [TestCase(1000)]
    [TestCase(1001)]
    [TestCase(1002)]
    [TestCase(1003)]
    [TestCase(1007)]
    [TestCase(1008)]
    [TestCase(1009)]
    [TestCase(1010)]
    [TestCase(1011)]
    [TestCase(1012)]
    [TestCase(1013)]
    [TestCase(1014)]
    [TestCase(3000)]
    [TestCase(3999)]
    [TestCase(4000)]
    [TestCase(4999)]
    public async Task Close_code_that_may_be_sent_is_answered_with_the_same(int code)
    {
        Assert.That(await AnswerAsync(Closing(code, "bye"u8.ToArray())), Is.EqualTo(code));
    }

    [TestCase(0)]
    [TestCase(999)]
    [TestCase(1004)]
    [TestCase(1005)]
    [TestCase(1006)]
    [TestCase(1015)]
    [TestCase(1016)]
    [TestCase(1100)]
    [TestCase(2000)]
    [TestCase(2999)]
    [TestCase(5000)]
    [TestCase(65535)]
    public async Task Close_code_that_must_not_be_sent_is_a_protocol_error(int code)
    {
        Assert.That(await AnswerAsync(Closing(code)), Is.EqualTo(1002));
    }

    [Test]
    public async Task Close_without_a_code_is_answered_with_normal()
    {
        Assert.That(await AnswerAsync(Closing(null)), Is.EqualTo(1000));
    }

    [Test]
    public async Task Close_of_one_byte_is_a_protocol_error()
    {
        Assert.That(await AnswerAsync(Frame(Close, [0x03])), Is.EqualTo(1002));
    }

    [Test]
    public async Task Longest_close_reason_is_legal()
    {
        Assert.That(await AnswerAsync(Closing(1000, Encoding.UTF8.GetBytes("".PadRight(119) + "𝄞"))), Is.EqualTo(1000));
    }

    [TestCase(new byte[] { 0xC0, 0xAF })]
    [TestCase(new byte[] { 0xED, 0xA0, 0x80 })]
    [TestCase(new byte[] { 0xE2, 0x82 })]
    public async Task Close_reason_that_is_not_utf8_is_a_bad_payload(byte[] reason)
    {
        Assert.That(await AnswerAsync(Closing(1000, reason)), Is.EqualTo(1007));
    }

    [Test]
    public async Task Nothing_after_the_peers_close_is_answered()
    {
        byte[] written =
        [
            .. Closing(1000, new byte[123]), .. Message("""{"type":"ping"}"""), .. Frame(Ping, ""), .. Closing(1001, new byte[123]),
        ];
        Assert.That(await AnswerAsync(written), Is.EqualTo(1000));
    }

    [Test]
    public async Task Connection_ends_right_after_both_closes()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.OpenAsync(server.Port);
        await peer.SendAsync(Closing(1000));

        Assert.That((await peer.ReadFrameAsync()).CloseCode, Is.EqualTo(1000));
        Assert.That(await peer.ReadToEndAsync(), Is.Zero);
    }

    [Test]
    public async Task Messages_before_a_close_are_answered_before_it()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.OpenAsync(server.Port);
        await peer.SendAsync([.. Message("""{"type":"ping"}"""), .. Closing(4321)]);

        Assert.That((await peer.ReadFrameAsync()).Text, Does.Contain(MessageTypes.Pong));
        Assert.That((await peer.ReadFrameAsync()).CloseCode, Is.EqualTo(4321));
    }

    [Test]
    public async Task Echo_of_the_servers_own_close_is_no_leaving()
    {
        await using var server = await RealServer.StartAsync();
        using var bystander = await server.ConnectAsync("bystander");
        await bystander.JoinAsync("demo");
        using var peer = await RawSocket.OpenAsync(server.Port);
        await peer.SendAsync(Message($$"""{"type":"webrtc-join","room":"demo","token":"{{peer.Token}}"}"""));
        await bystander.ExpectAsync(MessageTypes.PeerJoined);
        for (var i = 0; i < 20; i++)
            await peer.SendAsync(Message("""{"type":"typing","token":"wrong"}"""));

        Assert.That((await peer.ReadCloseAsync()).CloseCode, Is.EqualTo(4501));
        await peer.SendAsync(Closing(4501));
        Assert.That((await bystander.ExpectAsync(MessageTypes.PeerLeft)).Text("reason"), Is.EqualTo("disconnected"));
    }

    [Test]
    public async Task Half_a_frame_and_then_the_end_is_a_lost_peer_and_nothing_worse()
    {
        await using var server = await RealServer.StartAsync();
        using var bystander = await server.ConnectAsync("bystander");
        using var peer = await RawSocket.OpenAsync(server.Port);
        await peer.SendAsync(Message("""{"type":"ping"}""")[..9]);
        peer.EndSending();

        await peer.ReadToEndAsync();
        await bystander.ExpectNothingAsync();
    }

    /// <summary>The code of the server's Close, behind which nothing comes.</summary>
    private static async Task<int> AnswerAsync(byte[] written)
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.OpenAsync(server.Port);
        await peer.SendAsync(written);
        var close = await peer.ReadFrameAsync();
        Assert.That(close.First, Is.EqualTo(0x80 | Close));
        peer.EndSending();
        Assert.That(await peer.ReadToEndAsync(), Is.Zero);
        return close.CloseCode;
    }
}
