using MeshSignal.Tests.Moderation;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Transport;

/// <summary>Who gets a socket without TLS, over real ones; the rules themselves are in CleartextPolicyTests.</summary>
internal sealed class CleartextTests
{
    private const string Refused = "WebSockets are not served without TLS. Use TLS: https and wss.";

    private static readonly (string, string) _everywhere = ("urls", "http://0.0.0.0:0");

    [TestCase("X-Forwarded-For: 192.0.2.1")]
    [TestCase("X-Forwarded-Proto: https")]
    [TestCase("Forwarded: for=127.0.0.1;proto=https")]
    [TestCase("Sec-WebSocket-Protocol: meshsignal.v1, bearer.x.y.z")]
    [TestCase("Origin: https://evil.example")]
    public async Task Another_machine_does_not_and_is_told_what_to_do(string field)
    {
        await using var server = await RealServer.StartAsync(_everywhere);
        using var socket = await RawSocket.ConnectAsync(server.Port, from: Elsewhere.Address);
        for (var i = 0; i < 2; i++)
        {
            var response = await UpgradeAsync(socket, field);
            Assert.That(response.Status, Is.EqualTo(403), "and the connection stays");
            Assert.That(response.Body, Does.StartWith(Refused).And.Contains("X-Forwarded-Proto").And.Contains("AllowCleartext"));
        }

        Assert.That((await socket.RequestAsync("GET /health/live HTTP/1.1", ["Host: localhost"])).Status, Is.EqualTo(200), "what bears no secret is served");
        Assert.That(server.Log.Lines, Has.One.Contains("A request without TLS was refused").And.Contains("AllowCleartext"), "one warning");
        Assert.That(server.Log.Lines, Has.One.Contains("sockets and the admin API are served to this machine only"), "at start");
    }

    [Test]
    public async Task This_machine_does_also_where_others_do_not()
    {
        await using var server = await RealServer.StartAsync(_everywhere);
        using var local = await RawSocket.ConnectAsync(server.Port, from: "127.0.0.2");
        Assert.That((await UpgradeAsync(local, "X-Forwarded-For: 192.0.2.1")).Status, Is.EqualTo(101));
    }

    [TestCase("X-Forwarded-Proto: https", 101)]
    [TestCase("Forwarded: for=192.0.2.1;proto=https", 101)]
    [TestCase("X-Forwarded-Proto: http", 403)]
    [TestCase("X-Forwarded-For: 192.0.2.1", 403)]
    public async Task Behind_a_proxy_of_the_operators_on_another_machine_it_is_up_to_what_that_says(string field, int status)
    {
        await using var server = await RealServer.StartAsync(_everywhere, ("MeshSignal:Limits:TrustedProxies:0", Elsewhere.Address));
        using var proxy = await RawSocket.ConnectAsync(server.Port, from: Elsewhere.Address);
        Assert.That((await UpgradeAsync(proxy, field)).Status, Is.EqualTo(status));
        Assert.That(server.Log.Lines, Has.None.Contains("has no TLS"), "nothing is wrong with how it listens");
    }

    [TestCase("X-Forwarded-For: 192.0.2.1", 101)]
    [TestCase("X-Forwarded-Proto: http", 403)]
    public async Task One_on_this_machine_need_not_say(string field, int status)
    {
        await using var server = await RealServer.StartAsync(("MeshSignal:Limits:TrustedProxies:0", "127.0.0.1"));
        using var proxy = await RawSocket.ConnectAsync(server.Port);
        Assert.That((await UpgradeAsync(proxy, field)).Status, Is.EqualTo(status));
    }

    [Test]
    public async Task Everybody_does_if_the_operator_says_so_and_the_log_says_what_that_means()
    {
        await using var server = await RealServer.StartAsync(_everywhere, ("MeshSignal:AllowCleartext", "true"));
        using var socket = await RawSocket.ConnectAsync(server.Port, from: Elsewhere.Address);
        Assert.That((await UpgradeAsync(socket, "X-Not-Forwarded: x")).Status, Is.EqualTo(101));
        Assert.That(server.Log.Lines, Has.One.Contains("AllowCleartext is on").And.None.Contains("are served to this machine only"));
    }

    [Test]
    public async Task On_loopback_only_there_is_nothing_to_warn_of()
    {
        await using var server = await RealServer.StartAsync(("MeshSignal:AllowCleartext", "true"));
        Assert.That(server.Log.Lines, Has.None.Contains("TLS"));
    }

    [TestCase($"Bearer {AdminClient.Key}")]
    [TestCase("Bearer wrong")]
    [TestCase(null)]
    public async Task The_admin_API_is_refused_likewise_whatever_the_key(string? authorization)
    {
        await using var server = await AdminClient.StartAsync(_everywhere);
        using var admin = new AdminClient(server, authorization, from: Elsewhere.Address);
        var answer = (await admin.SendAsync("GET", "/admin/rooms")).IsProblem(403, "Forbidden", "The admin API is not served without TLS. Use TLS: https and wss.");
        Assert.That(answer.Body.Text("detail"), Does.Contain("set another"));
        Assert.That(answer.Headers.WwwAuthenticate, Is.Empty);
    }

    [Test]
    public async Task The_admin_API_is_served_where_the_operator_does_not_mind()
    {
        await using var server = await AdminClient.StartAsync(_everywhere, ("MeshSignal:AllowCleartext", "true"));
        using var admin = new AdminClient(server, from: Elsewhere.Address);
        Assert.That((await admin.SendAsync("GET", "/admin/rooms")).Status, Is.EqualTo(200));
    }

    private static Task<RawResponse> UpgradeAsync(RawSocket socket, string field) => socket.RequestAsync("GET / HTTP/1.1", [.. RawSocket.UpgradeFields, field]);
}
