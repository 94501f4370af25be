using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Transport;

/// <summary>Which pages get a socket, over real ones; the rules themselves are in OriginPolicyTests.</summary>
internal sealed class OriginTests
{
    private const string Everywhere = "http://0.0.0.0:0";
    private const string Loopback = "http://127.0.0.1:0";
    private const string Proxies = "MeshSignal:Limits:TrustedProxies:0";

    [TestCase(Loopback, "Host: localhost:1|Origin: http://localhost:2", 101)]
    [TestCase(Loopback, "Host: localhost:1|Origin: http://meet.example", 403)]
    [TestCase(Loopback, "Host: meet.example|Origin: http://meet.example", 403)]
    [TestCase("http://localhost:PORT", "Host: localhost:1|Origin: http://[::1]:2", 101)]
    [TestCase(Everywhere, "Host: localhost:1|Origin: http://localhost:2", 403)]
    [TestCase(Everywhere, "Host: localhost:3000|Origin: http://localhost:3000", 101)]
    [TestCase(Everywhere, "Host: 192.0.2.7:3000|Origin: http://192.0.2.7:3000", 101)]
    [TestCase(Everywhere, "Host: [2001:db8::7]|Origin: http://[2001:db8::7]", 101)]
    [TestCase(Everywhere, "Host: meet.example|Origin: http://meet.example", 403)]
    [TestCase(Everywhere, "Host: meet.example", 101)]
    public async Task With_default_settings(string url, string fields, int status)
    {
        await using var server = url.Contains("PORT", StringComparison.Ordinal) ? await RealServer.StartOnLocalhostAsync() : await RealServer.StartAsync(("urls", url));
        await ExpectAsync(server, fields, status);
    }

    [TestCase("Host: meet.example|Origin: http://meet.example", 101)]
    [TestCase("Host: meet.example|Origin: https://meet.example", 403)]
    [TestCase("Host: meet.example|Origin: https://meet.example|X-Forwarded-Proto: https", 403)]
    public async Task With_a_host_of_its_own(string fields, int status)
    {
        await using var server = await RealServer.StartAsync(("urls", Everywhere), ("MeshSignal:Hosts:0", "meet.example"));
        await ExpectAsync(server, fields, status);
    }

    [TestCase("Host: meet.example|Origin: https://meet.example|X-Forwarded-For: 192.0.2.1|X-Forwarded-Proto: https", 101)]
    [TestCase("Host: meet.example|Origin: http://meet.example|X-Forwarded-For: 192.0.2.1|X-Forwarded-Proto: https", 403)]
    [TestCase("Host: 10.0.0.5:3000|Origin: https://meet.example|X-Forwarded-Proto: https|X-Forwarded-Host: meet.example", 101)]
    [TestCase("Host: 10.0.0.5:3000|Origin: https://meet.example|Forwarded: for=192.0.2.1;proto=https;host=meet.example", 101)]
    [TestCase("Host: 10.0.0.5:3000|Origin: https://evil.example|Forwarded: for=192.0.2.1;proto=https;host=evil.example", 403)]
    [TestCase("Host: meet.example|Origin: https://meet.example|X-Forwarded-For: 192.0.2.1", 403)]
    public async Task Behind_a_proxy_of_the_operators_that_ends_tls(string fields, int status)
    {
        await using var server = await RealServer.StartAsync(("urls", Everywhere), ("MeshSignal:Hosts:0", "meet.example"), (Proxies, "127.0.0.1"));
        await ExpectAsync(server, fields, status);
    }

    [TestCase("Host: 10.0.0.5|Origin: https://meet.example", 101)]
    [TestCase("Host: 10.0.0.5|Origin: https://meet.example.evil", 403)]
    [TestCase("Host: 10.0.0.5|Origin: http://meet.example", 403)]
    [TestCase("Host: 10.0.0.5", 403)]
    public async Task With_a_list_and_an_origin_required(string fields, int status)
    {
        await using var server = await RealServer.StartAsync(("urls", Everywhere), ("MeshSignal:Origins:0", "https://meet.example"), ("MeshSignal:AllowMissingOrigin", "false"));
        await ExpectAsync(server, fields, status);
    }

    [Test]
    public async Task The_first_refusal_is_a_warning_that_says_what_to_do_and_no_line_holds_a_strangers_text()
    {
        await using var server = await RealServer.StartAsync();
        await ExpectAsync(server, "Host: localhost|Origin: https://Elsewhere.example", 403);
        await ExpectAsync(server, "Host: localhost|Origin: https://second.example", 403);
        await ExpectAsync(server, "Host: localhost|Origin: \u001b[31mhttps://evil example", 403);
        await ExpectAsync(server, "Host: localhost|Origin: {0} evil", 403);

        Assert.That(server.Log.Lines.Count(line => line.Contains("MeshSignal:Origins", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(server.Log.Lines, Has.Some.Contains("https://elsewhere.example"));
        Assert.That(server.Log.Lines, Has.None.Contains("evil"));
    }

    private static async Task ExpectAsync(RealServer server, string fields, int status)
    {
        using var socket = await RawSocket.ConnectAsync(server.Port);
        var response = await socket.RequestAsync("GET / HTTP/1.1", [.. RawSocket.UpgradeFields.Skip(1), .. fields.Split('|')]);
        Assert.That((response.Status, response.Body), Is.EqualTo((status, "")), response.Head);
        if (status == 403)
            Assert.That((await socket.RequestAsync("GET / HTTP/1.1", [.. RawSocket.UpgradeFields.Skip(1), .. fields.Split('|')])).Status, Is.EqualTo(403), "the connection stays");
    }
}
