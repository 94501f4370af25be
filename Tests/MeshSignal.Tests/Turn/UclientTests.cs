using System.Diagnostics;
using MeshSignal.Server.Ice;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Turn;

/// <summary>The same with coturn's own client, which shares nothing with this code.</summary>
internal sealed class UclientTests
{
    private const int Failed = 255;

    [Test]
    public async Task It_relays_between_two_allocations_and_to_nobody_else()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());
        using var alice = await server.ConnectAsync("alice");
        var credentials = await Issued.JoinAsync(alice);

        await ExpectAsync(0, "tot_recv_msgs=6", RunAsync(coturn, credentials, "-y"));
        await ExpectAsync(Failed, "403 (Forbidden IP)", RunAsync(coturn, credentials, "-e", $"{Coturn.PeerAddress}"));
        await ExpectAsync(Failed, "Cannot complete Allocation", RunAsync(coturn, credentials with { Credential = "wrong" }, "-y"));
    }

    private static async Task ExpectAsync(int exitCode, string words, Task<(int ExitCode, string Output)> run)
    {
        var (actual, output) = await run;
        Assert.That(output, Does.Contain(words));
        Assert.That(actual, Is.EqualTo(exitCode), output);
    }

    /// <summary>Two clients (-m) send three messages each (-n).</summary>
    private static async Task<(int ExitCode, string Output)> RunAsync(Coturn coturn, TurnCredentials credentials, params string[] mode)
    {
        string[] arguments =
        [
            .. mode, "-c", "-n", "3", "-m", "2", "-L", $"{Coturn.PeerAddress}", "-p", $"{coturn.EndPoint.Port}",
            "-u", credentials.Username, "-w", credentials.Credential, $"{coturn.EndPoint.Address}",
        ];
        var start = new ProcessStartInfo("/usr/bin/turnutils_uclient", arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        using var uclient = Process.Start(start)!;
        var output = await uclient.StandardOutput.ReadToEndAsync().WaitAsync(TestPeer.Timeout);
        await uclient.WaitForExitAsync().WaitAsync(TestPeer.Timeout);
        return (uclient.ExitCode, output);
    }
}
