using System.Diagnostics;
using System.Text.RegularExpressions;
using MeshSignal.Server.Ice;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Turn;

/// <summary>One secret takes the place of another while both servers are in use.</summary>
internal sealed class SecretRotationTests
{
    private const string Former = "the-former-secret-of-both-servers";
    private const string Next = "the-next-secret-of-both-servers";
    private const int Unauthorized = 401;

    private readonly string _file = Path.GetTempFileName();

    [TearDown]
    public void Delete() => File.Delete(_file);

    [Test]
    public async Task Credentials_made_before_and_after_a_change_allocate_while_the_relay_has_both_secrets()
    {
        await using var coturn = await Coturn.StartAsync(Former, Next);
        await using var server = await StartServerAsync(coturn);
        using var alice = await server.ConnectAsync("alice");
        var before = await Issued.JoinAsync(alice);

        await ChangeSecretAsync(server);
        var after = await Issued.AskAsync(alice);

        Assert.That(await AnswersAsync(coturn, before, after), Is.EqualTo(new[] { 0, 0 }));
        await coturn.RestartAsync(Next);
        Assert.That(await AnswersAsync(coturn, before, after), Is.EqualTo(new[] { Unauthorized, 0 }));
    }

    /// <summary>The way that interrupts no call, as a restart of coturn does to all.</summary>
    [Test]
    public async Task Secrets_in_the_relay_s_database_come_and_go_while_it_runs()
    {
        await using var coturn = await Coturn.StartWithoutAsync("static-auth-secret");
        await AdministerAsync(coturn, "--set-secret", Former);
        await using var server = await StartServerAsync(coturn);
        using var alice = await server.ConnectAsync("alice");
        var before = await Issued.JoinAsync(alice);
        using var call = new TurnProbe(coturn.EndPoint, before);
        Assert.That(await call.AllocateAsync(), Is.Zero);

        await AdministerAsync(coturn, "--set-secret", Next);
        await ChangeSecretAsync(server);
        var after = await Issued.AskAsync(alice);

        Assert.That(await AnswersAsync(coturn, before, after), Is.EqualTo(new[] { 0, 0 }));
        await AdministerAsync(coturn, "--delete-secret", Former);
        Assert.That(await AnswersAsync(coturn, before, after), Is.EqualTo(new[] { Unauthorized, 0 }));
        Assert.That(await call.RefreshAsync(), Is.Zero);
    }

    private Task<RealServer> StartServerAsync(Coturn coturn)
    {
        File.WriteAllText(_file, Former);
        return RealServer.StartAsync(
            [.. coturn.Settings().Where(static setting => setting.Key != "MeshSignal:Ice:TurnSecret"), ("MeshSignal:Ice:TurnSecretFile", _file)]);
    }

    private async Task ChangeSecretAsync(RealServer server)
    {
        var next = $"{_file}.next";
        await File.WriteAllTextAsync(next, $"{Next}\n{Former}\n");
        File.Move(next, _file, overwrite: true); // At once: the server may be reading.
        await Eventually.IsAsync(true, () => Task.FromResult(server.Log.Lines.Any(IsOfChange)));
    }

    private static bool IsOfChange(string line) => line.StartsWith("New TURN credentials", StringComparison.Ordinal);

    private static async Task<int[]> AnswersAsync(Coturn coturn, params TurnCredentials[] all)
    {
        var answers = new List<int>();
        foreach (var credentials in all)
            answers.Add(await TurnProbe.TryAllocateAsync(coturn.EndPoint, credentials));
        return [.. answers];
    }

    private static async Task AdministerAsync(Coturn coturn, string what, string secret)
    {
        string[] arguments = [what, secret, "--realm", "turn.example.org", "--db", coturn.Database];
        using var turnadmin = Process.Start(new ProcessStartInfo("/usr/bin/turnadmin", arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = await turnadmin.StandardOutput.ReadToEndAsync();
        await turnadmin.WaitForExitAsync();
        Assert.That(turnadmin.ExitCode, Is.Zero, output);

        // It makes a log file wherever it can, and says where.
        File.Delete(Regex.Match(output, @"(?<=log file opened: )\S+", RegexOptions.None, TestPeer.Timeout).Value);
    }
}
