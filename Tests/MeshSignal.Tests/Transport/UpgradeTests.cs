using MeshSignal.Server.Hosting;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>The opening handshake, as bytes (RFC 6455 section 4.2).</summary>
internal sealed class UpgradeTests
{
    [TestCaseSource(typeof(UpgradeCases), nameof(UpgradeCases.All))]
    public async Task Request_for_a_websocket_gets_one_or_a_status_and_never_the_page(string requestLine, IEnumerable<string> fields, string body, int status)
    {
        await using var server = await RealServer.StartAsync();
        using var socket = await RawSocket.ConnectAsync(server.Port);
        var response = await socket.RequestAsync(requestLine, fields, body);

        Assert.That(response.Status, Is.EqualTo(status), response.Head);
        Assert.That(response.Field("Sec-WebSocket-Version"), Is.EqualTo(status == 426 ? "13" : null));
        Assert.That(response.Field("Sec-WebSocket-Accept"), Is.EqualTo(status == 101 ? RawSocket.ExampleAccept : null));
        Assert.That(response.Body, Is.Empty);
    }

    [TestCase("meshsignal.v1", "meshsignal.v1")]
    [TestCase("chat, meshsignal.v1", "meshsignal.v1")]
    [TestCase("meshsignal.v1,chat", "meshsignal.v1")]
    [TestCase("chat", null)]
    [TestCase("meshsignal.v2", null)]
    [TestCase("MESHSIGNAL.V1", null)]
    [TestCase("bearer.abc", null)]
    [TestCase("resume.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.1", null)]
    [TestCase("release.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", null)]
    [TestCase("resume.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.1, meshsignal.v1", "meshsignal.v1")]
    [TestCase("resume.nonsense, release., meshsignal.v1", "meshsignal.v1")]
    [TestCase("", null)]
    public async Task Subprotocol_is_ours_or_none(string offered, string? selected)
    {
        Assert.That((await UpgradeAsync($"Sec-WebSocket-Protocol: {offered}")).Field("Sec-WebSocket-Protocol"), Is.EqualTo(selected));
    }

    [Test]
    public async Task Subprotocols_may_be_offered_on_several_lines()
    {
        var response = await UpgradeAsync("Sec-WebSocket-Protocol: chat, bearer.abc", "Sec-WebSocket-Protocol: meshsignal.v1");

        Assert.That(response.Field("Sec-WebSocket-Protocol"), Is.EqualTo("meshsignal.v1"));
        Assert.That(response.Head, Does.Not.Contain("bearer").And.Not.Contain("chat"));
    }

    [TestCase("permessage-deflate")]
    [TestCase("permessage-deflate; client_max_window_bits, x-webkit-deflate-frame")]
    public async Task No_extension_is_agreed_on(string offered)
    {
        Assert.That((await UpgradeAsync($"Sec-WebSocket-Extensions: {offered}")).Field("Sec-WebSocket-Extensions"), Is.Null);
    }

    [Test]
    public async Task Frames_may_come_in_one_piece_with_the_request()
    {
        await using var server = await RealServer.StartAsync();
        using var socket = await RawSocket.ConnectAsync(server.Port);
        var request = System.Text.Encoding.ASCII.GetBytes(string.Join("\r\n", ["GET / HTTP/1.1", .. RawSocket.UpgradeFields, "", ""]));
        await socket.SendAsync([.. request, .. Frame(Ping, "early")]);

        Assert.That((await socket.ReadResponseAsync()).Status, Is.EqualTo(101));
        while (await socket.ReadFrameAsync() is var frame && frame.Opcode != Pong)
            Assert.That(frame.Opcode, Is.EqualTo(Text));
    }

    [Test]
    public async Task Server_that_is_stopping_refuses_and_says_when_to_come_back()
    {
        await using var server = await RealServer.StartAsync();
        server.Get<Readiness>().Stop();
        using var socket = await RawSocket.ConnectAsync(server.Port);
        var response = await socket.RequestAsync("GET / HTTP/1.1", RawSocket.UpgradeFields);

        Assert.That((response.Status, response.Field("Retry-After")), Is.EqualTo((503, "5")));
    }

    [Test]
    public async Task Refused_client_can_try_again_on_the_same_connection()
    {
        await using var server = await RealServer.StartAsync();
        using var socket = await RawSocket.ConnectAsync(server.Port);

        Assert.That((await socket.RequestAsync("GET /nope HTTP/1.1", RawSocket.UpgradeFields)).Status, Is.EqualTo(404));
        Assert.That((await socket.RequestAsync("GET / HTTP/1.1", RawSocket.UpgradeFields)).Status, Is.EqualTo(101));
    }

    private static async Task<RawResponse> UpgradeAsync(params string[] fields)
    {
        await using var server = await RealServer.StartAsync();
        using var socket = await RawSocket.ConnectAsync(server.Port);
        var response = await socket.RequestAsync("GET / HTTP/1.1", [.. RawSocket.UpgradeFields, .. fields]);
        Assert.That(response.Status, Is.EqualTo(101), response.Head);
        return response;
    }
}
