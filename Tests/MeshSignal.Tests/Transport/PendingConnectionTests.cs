using System.Text;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Transport.Kestrel;
using MeshSignal.Tests.Support;
using MeshSignal.Tests.Turn;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace MeshSignal.Tests.Transport;

/// <summary>The limit on connections that are no sockets, over real ones. In all of these an address may have six.</summary>
internal sealed class PendingConnectionTests
{
    private const int Most = 6;
    private const string Elsewhere = "127.0.0.2";
    private const string TooMany = "More connections that are no sockets than the limits allow";

    private static readonly (string, string)[] Small =
        [Budgets.Default, ("MeshSignal:Limits:ExemptLoopback", "false"), ("MeshSignal:Limits:ConnectionsPerAddress", "1"), ("MeshSignal:Limits:NewConnectionsPerAddress", "1")];

    private readonly List<RawSocket> _sockets = [];

    [TearDown]
    public void Clear()
    {
        foreach (var socket in _sockets)
            socket.Dispose();
        _sockets.Clear();
    }

    [Test]
    public async Task One_connection_too_many_of_an_address_gets_503_before_it_has_said_anything_and_others_are_served()
    {
        await using var server = await StartAsync(Small);
        await FillAsync(server);
        for (var i = 0; i < 3; i++)
        {
            var response = await (await ConnectAsync(server)).ReadResponseAsync();
            Assert.That((response.Status, response.Field("Retry-After"), response.Field("Connection")), Is.EqualTo((503, "5", "close")));
        }

        await ExpectServedAsync(server, Elsewhere);
        Assert.That(server.Log.Lines.Count(line => line.Contains($"{TooMany}, from 127.0.0.1. Others", StringComparison.Ordinal)), Is.EqualTo(1), "one line for all");
    }

    [Test]
    public async Task Far_beyond_the_limit_a_connection_ends_with_its_answer()
    {
        await using var server = await StartAsync(Small);
        await FillAsync(server);
        for (var i = 0; i < Most; i++)
            await ExpectRefusedAsync(server);
        var beyond = await ConnectAsync(server);

        Assert.That((await beyond.ReadResponseAsync()).Status, Is.EqualTo(503));
        Assert.That(await beyond.ReadToEndAsync(), Is.Zero);
    }

    [Test]
    public async Task In_a_flood_of_connections_each_has_its_answer_and_others_are_served()
    {
        await using var server = await StartAsync(Small);
        await FillAsync(server);
        var refused = new List<RawSocket>();
        for (var i = 0; i < 3 * AcceptBatches.MostRefusals; i++)
            refused.Add(await ConnectAsync(server));
        await ExpectServedAsync(server, Elsewhere);
        foreach (var socket in refused)
            Assert.That((await socket.ReadResponseAsync()).Status, Is.EqualTo(503));
    }

    [Test]
    public async Task A_connection_that_was_answered_and_stays_open_counts_like_one_that_has_said_nothing()
    {
        await using var server = await StartAsync(Small);
        for (var i = 0; i < Most; i++)
            await ExpectServedAsync(server, "127.0.0.1");
        await ExpectRefusedAsync(server);
    }

    [Test]
    public async Task A_place_is_free_again_when_a_connection_ends()
    {
        await using var server = await StartAsync(Small);
        await FillAsync(server);
        await ExpectRefusedAsync(server);
        foreach (var ended in new[] { 0, Most })
            _sockets[ended].Dispose();
        await Eventually.IsAsync(Most - 1, () => Task.FromResult(server.Get<ConnectionLimits>().Pending));
        await ExpectServedAsync(server, "127.0.0.1");
        await ExpectRefusedAsync(server);
    }

    [Test]
    public async Task A_connection_that_has_become_a_socket_is_not_pending_any_more()
    {
        await using var server = await StartAsync(Small);
        await FillAsync(server);
        var response = await _sockets[0].RequestAsync("t", RawSocket.UpgradeFields.Skip(1));

        Assert.That((response.Status, server.Get<ConnectionLimits>().Open, server.Get<ConnectionLimits>().Pending), Is.EqualTo((101, 1, Most - 1)));
        await ExpectServedAsync(server, "127.0.0.1");
        await ExpectRefusedAsync(server);
    }

    [Test]
    public async Task A_try_run_of_the_limits_only_says_what_it_would_have_done()
    {
        await using var server = await StartAsync([.. Small, Budgets.Ample]);
        await FillAsync(server);
        await ExpectServedAsync(server, "127.0.0.1");
        Assert.That(server.Log.Lines, Has.One.Contains($"{TooMany}, from 127.0.0.1; limits are only tried"));
    }

    [TestCase("MeshSignal:Limits:TrustedProxies:0", Elsewhere)]
    [TestCase("MeshSignal:Limits:ExemptLoopback", "true")]
    public async Task Trusted_proxies_and_this_machine_are_under_no_such_limit(string key, string value)
    {
        await using var server = await StartAsync([.. Small, (key, value)]);
        for (var i = 0; i < 3 * Most; i++)
            await ExpectServedAsync(server, Elsewhere);
        Assert.That(server.Get<ConnectionLimits>().Pending, Is.Zero);
    }

    /// <summary>With Kestrel's clock as it is, the first would be gone on a slow machine before the last has come.</summary>
    private static Task<RealServer> StartAsync((string, string)[] settings) => RealServer.StartAsync(
        static services => services.Configure<KestrelServerOptions>(static kestrel =>
            (kestrel.Limits.RequestHeadersTimeout, kestrel.Limits.KeepAliveTimeout) = (TimeSpan.FromHours(1), TimeSpan.FromHours(1))),
        settings);

    /// <summary>As many connections as there may be, each with a request that has not come in whole.</summary>
    private async Task FillAsync(RealServer server)
    {
        for (var i = 0; i < Most; i++)
            await (await ConnectAsync(server)).SendAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhos"));
        await Eventually.IsAsync(Most, () => Task.FromResult(server.Get<ConnectionLimits>().Pending));
    }

    private async Task ExpectServedAsync(RealServer server, string from)
    {
        var response = await (await ConnectAsync(server, from)).RequestAsync("GET /health/live HTTP/1.1", ["Host: localhost"]);
        Assert.That(response.Status, Is.EqualTo(200));
    }

    private async Task ExpectRefusedAsync(RealServer server) => Assert.That((await (await ConnectAsync(server)).ReadResponseAsync()).Status, Is.EqualTo(503));

    private async Task<RawSocket> ConnectAsync(RealServer server, string? from = null)
    {
        var socket = await RawSocket.ConnectAsync(server.Port, from: from);
        _sockets.Add(socket);
        return socket;
    }
}
