using System.Net;
using System.Net.Sockets;
using MeshSignal.Server.Tools;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Tools;

/// <summary>The command line that looks at everything.</summary>
internal sealed class CheckToolTests
{
    private const string Secret = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t";

    // Few enough for every machine's limit on files.
    private static readonly string[] Small = ["--urls=http://127.0.0.1:0", "--MeshSignal:Limits:MaxConnections=10"];

    [Test]
    public async Task Wrong_settings_are_all_that_is_told()
    {
        var (exitCode, lines) = await RunAsync("--MeshSignal:Limits:MessageBytes=abc", "--MeshSignal:Nope", "1", "--urls=nonsense");
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(lines, Has.Length.EqualTo(3).And.All.StartsWith("wrong  "));
        Assert.That(lines, Has.Member("wrong  MeshSignal:Nope is not a known key."));
    }

    [Test]
    public async Task What_only_the_server_would_see_is_told_too()
    {
        var (exitCode, lines) = await RunAsync("--MeshSignal:Calls:Rooms:0=");
        Assert.That((exitCode, lines.Length), Is.EqualTo((2, 1)));
        Assert.That(lines[0], Does.StartWith("wrong  "));
    }

    [Test]
    public async Task A_server_that_lacks_nothing_is_told_so_without_a_secret()
    {
        await using var turn = ScriptedTurn.Challenging(ScriptedTurn.Relay("198.51.100.1"));
        var (exitCode, lines) = await RunAsync([
            .. Small, $"--MeshSignal:Ice:TurnUrls:0={turn.Url}", $"--MeshSignal:Ice:TurnSecret={Secret}", $"--MeshSignal:Admin:Key={Secret}",
            "--MeshSignal:Authentication:Keys:0:Algorithm=HS256", $"--MeshSignal:Authentication:Keys:0:Secret={Secret}",
        ]);
        Assert.That(lines, Has.None.StartsWith("wrong"));
        Assert.That(exitCode, Is.Zero);
        Assert.That(lines, Has.Member($"ok     {turn.Url}: relays from 198.51.100.1.").And.None.Contains(Secret));
        foreach (var text in new[] { "ok     The settings", "http://127.0.0.1:0: "
            + "reached", "No proxy", "Pages", "Programs", "join token", "Join keys", "/admin", "Bans", "No TLS", "Files:", "All rooms" })
            Assert.That(lines, Has.One.Contains(text));
    }

    [Test]
    public async Task What_does_not_work_is_another_code_than_wrong_settings()
    {
        await using var turn = ScriptedTurn.Challenging(static request => ScriptedTurn.Refuse(request, 508));
        var (exitCode, lines) = await RunAsync([.. Small, $"--MeshSignal:Ice:TurnUrls:0={turn.Url}", $"--MeshSignal:Ice:TurnSecret={Secret}"]);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(lines, Has.One.StartsWith("wrong  ").And.One.Contains("(508)"));
    }

    [Test]
    public async Task A_port_that_another_program_has_is_wrong()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://{listener.LocalEndpoint}";
        var other = GreetAsync(listener);
        var (exitCode, lines) = await RunAsync([.. Small, $"--urls={url}"]);
        listener.Stop();
        await other;
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(lines, Has.Member($"wrong  {url}: the port is taken by another program. End that, or choose another port."));
    }

    [Test]
    public async Task A_MeshSignal_that_runs_is_noted()
    {
        await using var server = await RealServer.StartAsync();
        var (exitCode, lines) = await RunAsync([.. Small, $"--urls=http://*:{server.Port}"]);
        Assert.That(lines, Has.One.StartsWith($"note   http://*:{server.Port}: a MeshSignal answers there already."));
        Assert.That(exitCode, Is.Zero);
    }

    [Test]
    public async Task An_address_of_another_machine_is_wrong()
    {
        var (exitCode, lines) = await RunAsync([.. Small, "--urls=http://192.0.2.1:3000"]);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(lines, Has.Member("wrong  http://192.0.2.1:3000: this machine has no such address."));
    }

    [Test]
    public async Task A_free_port_is_told()
    {
        // What it finds free it must leave so: the second look finds the same.
        var port = FreePort();
        for (var i = 0; i < 2; i++)
            Assert.That((await RunAsync([.. Small, $"--urls=http://localhost:{port}"])).Lines, Has.Member($"ok     http://localhost:{port}: the port is "
                + $"free."));
    }

    [Test]
    public async Task The_program_does_it_when_asked()
    {
        await using var check = ServerProcess.Start(["check", .. Small]);
        var (exitCode, lines, errors) = await check.EndAsync();
        Assert.That((exitCode, errors), Is.EqualTo((0, "")));
        Assert.That(lines, Has.All.Match("^(ok    |note  |wrong ) "));
    }

    /// <summary>Another web server, which answers whatever is asked.</summary>
    private static async Task GreetAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                await client.GetStream().ReadExactlyAsync(new byte[4]); // "GET "
                await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"u8.ToArray());
            }
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // It does not listen any more: it was told so while it waited for the next one, or before.
        }
    }

    private static int FreePort()
    {
        using var tcp = new TcpListener(IPAddress.Loopback, 0);
        tcp.Start();
        return ((IPEndPoint)tcp.LocalEndpoint).Port;
    }

    private static async Task<(int ExitCode, string[] Lines)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        var exitCode = await CheckTool.RunAsync(args, new FakeClock(), output);
        return (exitCode, output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
