using System.Net;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Http;
using MeshSignal.Server.Policy;
using MeshSignal.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace MeshSignal.Tests.Moderation;

/// <summary>Who may use the admin API: whoever has the key, if there is one.</summary>
internal sealed class AdminAccessTests
{
    private static readonly string[] Paths = ["/admin/rooms", "/admin/rooms/demo", "/admin/bans", "/admin", "/admin/nope"];

    [Test]
    public async Task Without_a_key_in_the_settings_there_is_nothing_there()
    {
        await using var server = await RealServer.StartAsync();
        using var admin = new AdminClient(server);
        foreach (var path in Paths)
        {
            var answer = await admin.SendAsync("GET", path);
            Assert.That((answer.Status, answer.Type), Is.EqualTo((404, (string?)null)), path);
        }

        Assert.That((await admin.SendAsync("POST", "/admin/bans", """{"name":"Bob"}""")).Status, Is.EqualTo(404));
    }

    [Test]
    public async Task Ten_wrong_keys_from_an_address_and_not_even_the_right_one_is_taken_from_there()
    {
        await using var server = await AdminClient.StartAsync(("MeshSignal:Limits:ExemptLoopback", "false"));
        using var stranger = new AdminClient(server, "Bearer guess");
        using var admin = new AdminClient(server);
        Assert.That((await stranger.SendAsync("GET", "/admin/rooms")).Status, Is.EqualTo(401));
        Assert.That((await admin.SendAsync("GET", "/admin/rooms")).Status, Is.EqualTo(200));

        // The others are counted without a request: each would have to wait longer than the one before.
        for (var i = 1; i < FailureLimits.MostFailures; i++)
            server.Get<AdminApi>().Failures.Add(new ClientAddress(IPAddress.Loopback));

        var answer = (await admin.SendAsync("GET", "/admin/rooms")).IsProblem(429, "Too Many Requests");
        Assert.That(answer.Headers.RetryAfter!.Delta, Is.EqualTo(FailureLimits.Window));
    }

    [TestCase(null, "Bearer realm=\"MeshSignal admin\"")]
    [TestCase("", "Bearer realm=\"MeshSignal admin\", error=\"invalid_token\"")]
    [TestCase("Bearer", "Bearer realm=\"MeshSignal admin\", error=\"invalid_token\"")]
    [TestCase("Bearer ", "Bearer realm=\"MeshSignal admin\", error=\"invalid_token\"")]
    [TestCase("Bearer 0123456789abcdefghijklmnopqrstu", "Bearer realm=\"MeshSignal admin\", error=\"invalid_token\"")]
    [TestCase("Bearer 0123456789abcdefghijklmnopqrstuvw", "Bearer realm=\"MeshSignal admin\", error=\"invalid_token\"")]
    [TestCase("Bearer 0123456789ABCDEFGHIJKLMNOPQRSTUV", "Bearer realm=\"MeshSignal admin\", error=\"invalid_token\"")]
    [TestCase("Basic " + AdminClient.Key, "Bearer realm=\"MeshSignal admin\", error=\"invalid_token\"")]
    [TestCase(AdminClient.Key, "Bearer realm=\"MeshSignal admin\", error=\"invalid_token\"")]
    public async Task Without_the_key_every_request_is_refused_whatever_it_asks_for(string? authorization, string challenge)
    {
        await using var server = await AdminClient.StartAsync();
        using var stranger = new AdminClient(server, authorization);
        foreach (var path in Paths)
        {
            var answer = (await stranger.SendAsync("GET", path)).IsProblem(401, "Unauthorized");
            if (authorization is not "")
                Assert.That(answer.Headers.WwwAuthenticate.ToString(), Is.EqualTo(challenge));
        }

        var refused = (await stranger.SendAsync("POST", "/admin/bans", """{"name":"Bob"}""")).IsProblem(401, "Unauthorized");
        Assert.That(refused.Headers.ConnectionClose, Is.True, "its body was not read");
        (await stranger.SendAsync("PATCH", "/admin/bans", "{}")).IsProblem(401, "Unauthorized");
        using var admin = new AdminClient(server);
        Assert.That((await admin.SendAsync("GET", "/admin/bans")).Body.GetProperty("bans").GetArrayLength(), Is.Zero);
    }

    [TestCase("bearer " + AdminClient.Key)]
    [TestCase("BEARER   " + AdminClient.Key)]
    public async Task How_the_scheme_is_spelled_does_not_matter(string authorization)
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server, authorization);
        Assert.That((await admin.SendAsync("GET", "/admin/rooms")).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task The_key_in_a_second_header_or_in_the_URL_is_no_key()
    {
        await using var server = await AdminClient.StartAsync();
        using var socket = await RawSocket.ConnectAsync(server.Port);
        var response = await socket.RequestAsync(
            "GET /admin/rooms HTTP/1.1", ["Host: localhost", "Connection: close", "Authorization: Bearer x", $"Authorization: Bearer {AdminClient.Key}"]);
        Assert.That(response.Status, Is.EqualTo(401), response.Head);
        using var stranger = new AdminClient(server, authorization: null);
        (await stranger.SendAsync("GET", $"/admin/rooms?access_token={AdminClient.Key}")).IsProblem(401, "Unauthorized");
    }

    [Test]
    public async Task The_key_is_in_no_line_of_the_log()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        using var stranger = new AdminClient(server, $"Bearer x{AdminClient.Key}");
        await admin.SendAsync("GET", "/admin/rooms");
        await stranger.SendAsync("GET", "/admin/rooms");
        Assert.That(server.Log.Lines, Has.None.Contains(AdminClient.Key));
    }

    [TestCase("0123456789abcdefghijklmnopqrstu", "MeshSignal:Admin:Key is too short: it must have 32 bytes")]
    [TestCase("0123456789abcdef ghijklmnopqrstuv", "MeshSignal:Admin:Key must be visible ASCII")]
    [TestCase("0123456789abcdefghijklmnopqrstuvü", "MeshSignal:Admin:Key must be visible ASCII")]
    public void A_key_that_is_too_short_or_fits_no_header_ends_the_start_and_is_not_told(string key, string expected)
    {
        var errors = ConfigurationCheck.Errors(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("MeshSignal:Admin:Key", (string?)key)]).Build());
        Assert.That(errors, Has.Count.EqualTo(1).And.All.StartsWith(expected).And.None.Contains(key));
        Assert.That(AdminKey.ProblemWith(new AdminOptions { Key = AdminClient.Key }), Is.Null);
    }
}
