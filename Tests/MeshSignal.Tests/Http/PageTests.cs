using System.Net;
using System.Net.Sockets;
using MeshSignal.Server.Hosting;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Http;

/// <summary>What a browser and an operator get over plain HTTP.</summary>
internal sealed class PageTests
{
    [TestCase("/", "text/html")]
    [TestCase("/index.html", "text/html")]
    [TestCase("/check", "text/html")]
    public async Task Page_is_served_with_the_headers_that_confine_it(string path, string type)
    {
        await using var server = await RealServer.StartAsync();
        using var response = await GetAsync(server.Url + path);

        Assert.That((response.StatusCode, response.Content.Headers.ContentType!.MediaType), Is.EqualTo((HttpStatusCode.OK, type)));
        AssertConfined(response);
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Contain("<!doctype html>").IgnoreCase);
    }

    [Test]
    public async Task Everything_the_page_names_is_there()
    {
        await using var server = await RealServer.StartAsync();
        using var page = await GetAsync(server.Url);
        var html = await page.Content.ReadAsStringAsync();
        var names = html.Split('"').Where(part => part.EndsWith(".js", StringComparison.Ordinal) || part.EndsWith(".css", StringComparison.Ordinal)
            || part.EndsWith(".svg", StringComparison.Ordinal)).ToList();
        Assert.That(names, Is.Not.Empty);

        foreach (var name in names)
        {
            using var file = await GetAsync($"{server.Url}/{name.TrimStart('/', '.')}");
            Assert.That(file.StatusCode, Is.EqualTo(HttpStatusCode.OK), name);
            AssertConfined(file);
        }
    }

    [TestCase("/meshsignal.js", "text/javascript")]
    [TestCase("/meshsignal.d.ts", "text/plain")]
    public async Task Client_module_is_there_for_pages_elsewhere_too(string path, string type)
    {
        await using var server = await RealServer.StartAsync();
        using var response = await GetAsync(server.Url + path);

        Assert.That((response.StatusCode, response.Content.Headers.ContentType!.MediaType), Is.EqualTo((HttpStatusCode.OK, type)));
        AssertConfined(response);
        Assert.That(response.Headers.GetValues("Access-Control-Allow-Origin"), Is.EqualTo(["*"]));
    }

    [TestCase("/ws")]
    [TestCase("/check/")]
    [TestCase("/nope")]
    [TestCase("/wwwroot/index.html")]
    [TestCase("/appsettings.json")]
    [TestCase("/..%2fappsettings.json")]
    [TestCase("/%2e%2e/appsettings.json")]
    public async Task Nothing_else_is_served(string path)
    {
        await using var server = await RealServer.StartAsync();
        using var socket = await RawSocket.ConnectAsync(server.Port);
        var response = await socket.RequestAsync($"GET {path} HTTP/1.1", ["Host: localhost", "Connection: close"]);
        Assert.That((response.Status, response.Body), Is.EqualTo((404, "")), response.Head);
    }

    [TestCase("/")]
    [TestCase("/info")]
    [TestCase("/health/live")]
    [TestCase("/nope")]
    public async Task Server_does_not_say_what_it_is_built_on(string path)
    {
        await using var server = await RealServer.StartAsync();
        using var response = await GetAsync(server.Url + path);
        Assert.That(response.Headers.Contains("Server"), Is.False);
    }

    [Test]
    public async Task Health_says_alive_and_ready_until_the_server_stops()
    {
        await using var server = await RealServer.StartAsync();
        Assert.That(await HealthAsync(server, "live"), Is.EqualTo((HttpStatusCode.OK, "live")));
        Assert.That(await HealthAsync(server, "ready"), Is.EqualTo((HttpStatusCode.OK, "ready")));

        server.Get<Readiness>().Stop();
        Assert.That(await HealthAsync(server, "live"), Is.EqualTo((HttpStatusCode.OK, "live")));
        Assert.That(await HealthAsync(server, "ready"), Is.EqualTo((HttpStatusCode.ServiceUnavailable, "not ready")));
    }

    [TestCase("/")]
    [TestCase("/info")]
    [TestCase("/health/live")]
    public async Task Request_with_a_body_is_refused(string path)
    {
        await using var server = await RealServer.StartAsync();
        using var http = new HttpClient();
        using var content = new StringContent("hello");
        using var response = await http.PostAsync(new Uri(server.Url + path), content);
        Assert.That((int)response.StatusCode, Is.InRange(400, 499));
    }

    [Test]
    public async Task Localhost_is_both_loopback_addresses()
    {
        await using var server = await RealServer.StartOnLocalhostAsync();
        string[] hosts = Socket.OSSupportsIPv6 ? ["127.0.0.1", "[::1]", "localhost"] : ["127.0.0.1", "localhost"];
        foreach (var host in hosts)
        {
            using var response = await GetAsync($"http://{host}:{server.Port}/health/live");
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), host);
        }
    }

    private static async Task<(HttpStatusCode Status, string Text)> HealthAsync(RealServer server, string what)
    {
        using var response = await GetAsync($"{server.Url}/health/{what}");
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static async Task<HttpResponseMessage> GetAsync(string url)
    {
        using var http = new HttpClient();
        return await http.GetAsync(new Uri(url));
    }

    private static void AssertConfined(HttpResponseMessage response)
    {
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.That(policy, Does.Contain("default-src 'none'").And.Contain("script-src 'self'").And.Contain("frame-ancestors 'none'"));
        Assert.That(policy, Does.Not.Contain("unsafe"));
        Assert.That(response.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(new[] { "nosniff" }));
        Assert.That(response.Headers.GetValues("Permissions-Policy").Single(), Does.Contain("camera=(self)").And.Contain("geolocation=()"));
        Assert.That(response.Headers.GetValues("Referrer-Policy"), Is.EqualTo(new[] { "no-referrer" }));
    }
}
