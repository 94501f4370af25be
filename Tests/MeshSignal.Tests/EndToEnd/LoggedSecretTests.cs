using MeshSignal.Tests.Authentication;
using MeshSignal.Tests.Moderation;
using MeshSignal.Tests.Rooms;
using MeshSignal.Tests.Support;
using Microsoft.Extensions.Logging;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>The search in the logs of all tests' servers finds what it is for: here each secret is logged on purpose.</summary>
internal sealed class LoggedSecretTests
{
    /// <summary>Shapes are found whoever has made them; these nobody has told the search of.</summary>
    private static readonly string[] Shapes =
    [
        new string('0', 63) + "a", // A session's token.
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.x",
        "kKXyIVnXwuGvGlpS2gSwVSJb8bw=",
        @"v=0\r\no=- 46117 2 IN IP4 127.0.0.1", "a=ice-pwd:x", "a=fingerprint:sha-256 00", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 203.0.113.5",
        "candidate:1 1 udp 1 203.0.113.5 9", "203.0.113.5 9 typ host", "203.0.113.5 9 typ srflx", "raddr 203.0.113.5",
    ];

    private static readonly string[] Harmless =
    [
        "Session 0123456789abcdef sends more than its limits allow", "the relay policy passed nothing of a webrtc-ice-candidate: no-relay",
        "at MeshSignal.Server.Rooms.Courier.Send(CandidateMessage message) in /src/Server/Rooms/Courier.cs:line 12",
    ];

    [TestCaseSource(nameof(Shapes))]
    public async Task What_looks_like_a_secret_is_found(string secret) => await AssertFoundAsync(await TestServer.StartAsync(), secret);

    [TestCaseSource(nameof(Harmless))]
    public async Task What_a_log_is_for_is_not(string line)
    {
        await using var server = await TestServer.StartAsync();
        Log(server, line);
    }

    [Test]
    public async Task Secrets_of_the_settings_are_found()
    {
        (string Key, string Value)[] settings =
        [
            ("MeshSignal:Ice:TurnUrls:0", RelayRoom.TurnUrl), ("MeshSignal:Ice:TurnSecret", "logged-on-purpose-0-logged"),
            ("MeshSignal:Ice:StaticServers:0:Urls:0", "turn:b"), ("MeshSignal:Ice:StaticServers:0:Username", "u"),
            ("MeshSignal:Ice:StaticServers:0:Credential", "logged-on-purpose-1"),
            ("MeshSignal:Admin:Key", "logged-on-purpose-2-logged-on-purpose"),
            ("MeshSignal:Authentication:Keys:0:Algorithm", "HS256"), ("MeshSignal:Authentication:Keys:0:Secret", "logged-on-purpose-3-logged-on-purpose"),
        ];
        foreach (var (_, secret) in settings.Where(static setting => setting.Value.StartsWith("logged", StringComparison.Ordinal)))
            await AssertFoundAsync(await TestServer.StartAsync(settings), secret);
    }

    [Test]
    public async Task Secrets_of_a_file_are_found_also_those_that_came_later()
    {
        var file = Path.Combine(Path.GetTempPath(), $"meshsignal-{Guid.NewGuid():N}.secret");
        foreach (var secret in new[] { "the-first-secret-of-the-file", "the-last-secret-of-the-file" })
        {
            await File.WriteAllTextAsync(file, "the-first-secret-of-the-file\n");
            var server = await TestServer.StartAsync(("MeshSignal:Ice:TurnUrls:0", RelayRoom.TurnUrl), ("MeshSignal:Ice:TurnSecretFile", file));
            await File.WriteAllTextAsync(file, "the-last-secret-of-the-file\n");
            await AssertFoundAsync(server, secret);
        }

        File.Delete(file);
    }

    [Test]
    public async Task What_peers_were_given_is_found()
    {
        foreach (var member in new[] { "token", "username", "credential" })
        {
            var server = await TestServer.StartAsync(("MeshSignal:Ice:TurnUrls:0", RelayRoom.TurnUrl), ("MeshSignal:Ice:TurnSecret", RelayRoom.Secret));
            using var alice = await server.ConnectAsync("alice");
            var iceServer = (await alice.JoinAsync()).GetProperty("config").GetProperty("iceServers")[0];
            await alice.CloseAsync();
            await alice.ExpectCloseAsync();
            await AssertFoundAsync(server, member == "token" ? alice.Token.ToUpperInvariant() : iceServer.Text(member));
        }
    }

    [Test]
    public async Task A_join_token_is_found() => await AssertFoundAsync(await TestServer.StartAsync(), Tokens.Hs(header: """ {"alg":"HS256"}"""));

    [Test]
    public async Task A_server_on_a_real_port_is_searched_too()
    {
        var server = await AdminClient.StartAsync();
        server.Get<ILogger<LoggedSecretTests>>().LogInformation("Logged: {Line}", AdminClient.Key);
        Assert.ThrowsAsync<AssertionException>(async () => await server.DisposeAsync());
    }

    /// <summary>A setting's value that is printed with what is wrong with it.</summary>
    [Test]
    public async Task So_is_what_a_process_prints([Values("a=ice-pwd:x", "candidate:1")] string value)
    {
        var server = ServerProcess.Start($"--MeshSignal:Limits:MessageBytes={value}");
        Assert.That((await server.EndAsync()).Errors, Does.Contain(value));
        Assert.ThrowsAsync<AssertionException>(async () => await server.DisposeAsync());
    }

    private static async Task AssertFoundAsync(TestServer server, string secret)
    {
        Log(server, $"({secret})");
        var found = Assert.ThrowsAsync<AssertionException>(async () => await server.DisposeAsync());
        Assert.That(found!.Message, Does.Contain(secret));
    }

    private static void Log(TestServer server, string line) => server.Get<ILogger<LoggedSecretTests>>().LogInformation("Logged: {Line}", line);
}
