using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Hosting;

/// <summary>The process: how it starts or does not, its one line, its page, and its end.</summary>
internal sealed class ServerProcessTests
{
    [Test]
    public async Task Wrong_settings_end_the_start_with_code_2_and_all_errors()
    {
        await using var server = ServerProcess.Start(
            "--MeshSignal:Limits:MessageBytes=abc", "--MeshSignal:Nope=1", "--MeshSignal:Calls:MaxParticipants=1", "--Kestrel:Endpoints:A:Protocols=Http2");
        var (exitCode, lines, errors) = await server.EndAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.EqualTo(2));
            Assert.That(lines, Is.Empty);
            Assert.That(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(4));
            Assert.That(errors, Does.Contain("MeshSignal:Limits:MessageBytes must be a whole number, and 'abc' is not.\n"));
            Assert.That(errors, Does.Contain("MeshSignal:Nope is not a known key.\n"));
            Assert.That(errors, Does.Contain("MaxParticipants"));
            Assert.That(errors, Does.Contain("Kestrel:Endpoints:A:Protocols"));
        }
    }

    /// <summary>Else somebody would believe that it writes a log, and find none when it is wanted.</summary>
    [TestCase("--Serilog:Using:0=Serilog.Sinks.Nowhere", "Serilog.Sinks.Nowhere")]
    [TestCase("--Serilog:WriteTo:0:Name=Nowhere", "Nowhere")]
    public async Task A_sink_that_is_not_there_ends_the_start(string argument, string named)
    {
        await using var server = ServerProcess.Start(argument);
        var (exitCode, _, errors) = await server.EndAsync();
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(errors, Does.StartWith("Serilog: ").And.Contains(named));
    }

    [TestCase("--MeshSignal:Heartbeat:Interval=00:00:90")]
    [TestCase("--MeshSignal:Limits:Fragments=0x20")]
    public async Task A_value_that_only_looks_right_is_an_error_and_no_crash(string argument)
    {
        await using var server = ServerProcess.Start(argument);
        var (exitCode, _, errors) = await server.EndAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.EqualTo(2));
            Assert.That(errors, Does.Not.Contain("Unhandled exception"));
        }
    }

    [Test]
    public async Task The_log_is_text_on_the_console()
    {
        await using var server = ServerProcess.Start("--urls=http://127.0.0.1:0");
        Assert.That(
            await server.ReadLineAsync(),
            Does.Match(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INF MeshSignal listens on http://127\.0\.0\.1:\d+; open http://localhost:\d+/$"));
    }

    /// <summary>Behind a proxy on the same machine; no browser can open it, and looking for what it could ended the start.</summary>
    [Test]
    public async Task Listens_on_a_unix_socket_too()
    {
        var path = Path.Combine(Path.GetTempPath(), $"meshsignal-{Guid.NewGuid():N}.sock");
        await using var server = ServerProcess.Start($"--urls=http://unix:{path}");
        Assert.That(await server.ReadLineAsync(), Does.Contain($"MeshSignal listens on http://unix:{path}; open what your proxy serves"));
    }

    [TestCase("outputTemplate=<{Level}> {Message:lj}{NewLine}", "<Information> MeshSignal listens on")]
    [TestCase("formatter=Serilog.Formatting.Json.JsonFormatter, Serilog", "{\"Timestamp\":")]
    public async Task The_log_is_written_as_the_settings_say(string argument, string expected)
    {
        await using var server = ServerProcess.Start("--urls=http://127.0.0.1:0", "--Serilog:WriteTo:0:Name=Console", $"--Serilog:WriteTo:0:Args:{argument}");
        Assert.That(await server.ReadLineAsync(), Does.StartWith(expected));
    }

    [Test]
    public async Task The_levels_of_the_settings_file_can_be_overridden()
    {
        await using var server = ServerProcess.Start("--urls=http://127.0.0.1:0", "--Serilog:MinimumLevel:Override:Microsoft=Information");
        Assert.That(await server.ReadLineAsync(), Does.Contain("INF Now listening on"));
    }

    [Test]
    public async Task Says_once_where_it_listens_and_what_to_open()
    {
        await using var server = await ServerProcess.StartListeningAsync();
        using var http = new HttpClient();
        var page = await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.Port}/"));
        await server.TerminateAsync();
        var (_, lines, _) = await server.EndAsync();

        Assert.That(page, Does.Contain("<html").IgnoreCase);
        Assert.That(lines, Has.Count.EqualTo(1), string.Join('\n', lines));
        Assert.That(lines[0], Does.EndWith($"MeshSignal listens on http://127.0.0.1:{server.Port}; open http://localhost:{server.Port}/"));
    }

    [Test]
    public async Task Ends_with_zero_on_the_signal_to_terminate_after_everybody_was_told()
    {
        await using var server = await ServerProcess.StartListeningAsync();
        using var alice = await (await WebSocketClient.OpenPeerAsync(server.Port, Profile.V1, "?username=alice")).GreetedAsync(withChat: false);
        using var bob = await (await WebSocketClient.OpenPeerAsync(server.Port, Profile.Legacy, "?username=bob")).GreetedAsync(withChat: true);
        await server.TerminateAsync();

        foreach (var peer in new[] { alice, bob })
        {
            Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo(1012));
            await peer.CloseAsync();
        }

        Assert.That((await server.EndAsync()).ExitCode, Is.Zero);
    }
}
