using MeshSignal.Protocol;
using MeshSignal.Server.Policy;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>Limits on sockets and whom they count for, over real ones. All come from this machine, where only forwarded requests are limited.</summary>
internal sealed class ConnectionLimitTests
{
    private const string Proxy = "127.0.0.2";

    private static readonly (string, string) TrustedProxy = ("MeshSignal:Limits:TrustedProxies:0", Proxy);

    [Test]
    public async Task Who_writes_an_address_for_himself_is_limited_by_his_real_one()
    {
        await using var server = await RealServer.StartAsync(Budgets.Default, ("MeshSignal:Limits:NewConnectionsPerAddress", "2"));
        using var first = await OpenAsync(server, 101, "X-Forwarded-For: 192.0.2.1");
        using var second = await OpenAsync(server, 101, "Forwarded: for=192.0.2.2");
        using var third = await OpenAsync(server, 503, "X-Forwarded-For: 192.0.2.3");

        Assert.That(server.Get<ConnectionLimits>().Addresses, Is.EqualTo(1));
        using var other = await OpenAsync(server, 101, "X-Forwarded-For: 192.0.2.1", from: "127.0.0.3");
        using var local = await OpenAsync(server, 101, "X-Not-Forwarded: x");
        Assert.That(server.Log.Lines.Count(line => line.Contains("TrustedProxies", StringComparison.Ordinal)), Is.EqualTo(1), "one warning");
    }

    [Test]
    public async Task What_a_trusted_proxy_says_counts()
    {
        await using var server = await RealServer.StartAsync(Budgets.Default, TrustedProxy, ("MeshSignal:Limits:NewConnectionsPerAddress", "1"));
        using var alice = await OpenAsync(server, 101, "X-Forwarded-For: 192.0.2.1", from: Proxy);
        using var again = await OpenAsync(server, 503, "X-Forwarded-For: 192.0.2.77, 192.0.2.1", from: Proxy);
        using var bob = await OpenAsync(server, 101, "Forwarded: for=192.0.2.2", from: Proxy);
        using var liar = await OpenAsync(server, 101, "X-Forwarded-For: 192.0.2.1", from: "127.0.0.3");
        using var liarAgain = await OpenAsync(server, 503, "X-Forwarded-For: 192.0.2.3", from: "127.0.0.3");

        Assert.That(server.Log.Lines, Has.None.Contains("TrustedProxies"));
    }

    [Test]
    public async Task A_flood_is_refused_with_when_to_come_back_on_a_connection_that_stays()
    {
        await using var server = await RealServer.StartAsync(Budgets.Default, ("MeshSignal:Limits:ExemptLoopback", "false"), ("MeshSignal:Limits:NewConnectionsPerAddress", "1"));
        using var first = await OpenAsync(server, 101);
        using var second = await RawSocket.ConnectAsync(server.Port);
        for (var i = 0; i < 3; i++)
        {
            var response = await second.RequestAsync("GET / HTTP/1.1", RawSocket.UpgradeFields);
            Assert.That((response.Status, response.Body), Is.EqualTo((503, "")));
            Assert.That(int.Parse(response.Field("Retry-After")!, null), Is.InRange(1, 10));
        }
    }

    [Test]
    public async Task One_socket_too_many_from_an_address_is_told_so_and_closed_with_1013_and_its_place_is_free_again()
    {
        await using var server = await RealServer.StartAsync(Budgets.Default, ("MeshSignal:Limits:ExemptLoopback", "false"), ("MeshSignal:Limits:ConnectionsPerAddress", "1"));
        using var alice = await RawSocket.OpenAsync(server.Port, "?username=alice");
        for (var i = 0; i < 3; i++)
        {
            using var legacy = await OpenAsync(server, 101);
            using var beyond = await OpenAsync(server, 503);
            Assert.That((await legacy.ReadFrameAsync()).Text, Does.Contain("Too many concurrent connections from this IP. Maximum allowed is 1."));
            await ExpectEndAsync(legacy, 1013);
        }

        await alice.SendAsync(Closing(1000));
        await alice.ReadToEndAsync();
        using var bob = await server.ConnectAsync("bob");
        Assert.That(server.Get<ConnectionLimits>().Open, Is.EqualTo(1));
    }

    [Test]
    public async Task A_full_server_says_so_to_whoever_comes_from_this_machine_too()
    {
        await using var server = await RealServer.StartAsync(Budgets.Default, ("MeshSignal:Limits:MaxConnections", "1"));
        using var alice = await server.ConnectAsync("alice");
        using var legacy = await server.OpenAsync(Profile.Legacy);
        await legacy.ExpectSystemAsync("Server is full. Please try again later.");
        await legacy.ExpectCloseAfterNothingAsync(CloseCode.TryAgainLater);
        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_refused_socket_whose_peer_does_not_answer_ends_all_the_same_and_its_place_is_free()
    {
        await using var server = await RealServer.StartAsync(Budgets.Default, ("MeshSignal:Limits:MaxConnections", "1"));
        using var alice = await server.ConnectAsync("alice");
        using var silent = await OpenAsync(server, 101);
        await silent.ReadToEndAsync();

        await server.StopAsync();
        Assert.That(server.Get<ConnectionLimits>().Open, Is.Zero);
    }

    [Test]
    public async Task A_try_run_of_the_limits_lets_everybody_in_and_says_what_it_would_have_done()
    {
        await using var server = await RealServer.StartAsync(
            Budgets.Ample, ("MeshSignal:Limits:ExemptLoopback", "false"), ("MeshSignal:Limits:MaxConnections", "1"), ("MeshSignal:Limits:NewConnectionsPerAddress", "1"));
        using var first = await RawSocket.OpenAsync(server.Port, "?username=alice");
        using var second = await RawSocket.OpenAsync(server.Port, "?username=bob");
        using var third = await RawSocket.OpenAsync(server.Port, "?username=carol");

        Assert.That(new[] { first.Token.Length, second.Token.Length, third.Token.Length }, Is.All.EqualTo(64));
        Assert.That(server.Log.Lines.Count(line => line.Contains("; limits are only tried", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task Who_comes_back_to_a_session_is_let_in_where_others_are_not()
    {
        await using var server = await RealServer.StartAsync(Budgets.Default,
            ("MeshSignal:Limits:ExemptLoopback", "false"), ("MeshSignal:Limits:ConnectionsPerAddress", "1"), ("MeshSignal:Limits:NewConnectionsPerAddress", "1"));
        using var alice = await RawSocket.OpenAsync(server.Port, "?username=alice");
        using var stranger = await OpenAsync(server, 503);
        using var back = await OpenAsync(server, 101, $"Sec-WebSocket-Protocol: meshsignal.v1, resume.{alice.Token}.1");

        Assert.That((await back.ReadFrameAsync()).Text, Does.Contain("\"resumed\":true"));
    }

    [Test]
    public async Task All_sessions_of_a_full_server_can_come_back_while_their_former_sockets_still_seem_open()
    {
        await using var server = await RealServer.StartAsync(Budgets.Default, ("MeshSignal:Limits:MaxConnections", "5"));
        var peers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => RawSocket.OpenAsync(server.Port, $"?username=peer{i}")));
        var back = await Task.WhenAll(peers.Select(peer => OpenAsync(server, 101, $"Sec-WebSocket-Protocol: meshsignal.v1, resume.{peer.Token}.1")));
        foreach (var peer in back)
            Assert.That((await peer.ReadFrameAsync()).Text, Does.Contain("\"resumed\":true"));
        foreach (var socket in peers.Concat(back))
            socket.Dispose();
    }

    /// <summary>Closed from the other side, and answered: when the connection ends after that, its place is free.</summary>
    private static async Task ExpectEndAsync(RawSocket socket, int code)
    {
        var close = await socket.ReadCloseAsync();
        Assert.That(close.CloseCode, Is.EqualTo(code));
        await socket.SendAsync(Closing(code));
        await socket.ReadToEndAsync();
    }

    private static async Task<RawSocket> OpenAsync(RealServer server, int status, string field = "X-Not-Forwarded: x", string? from = null)
    {
        var socket = await RawSocket.ConnectAsync(server.Port, from: from);
        var response = await socket.RequestAsync("GET / HTTP/1.1", [.. RawSocket.UpgradeFields, field]);
        Assert.That(response.Status, Is.EqualTo(status), response.Head);
        return socket;
    }
}
