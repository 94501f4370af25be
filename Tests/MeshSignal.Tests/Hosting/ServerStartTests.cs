namespace MeshSignal.Tests.Hosting;

internal sealed class ServerStartTests
{
    [Test]
    public async Task Wrong_settings_end_the_start_with_code_2_and_all_errors()
    {
        using var server = ServerProcess.Start(
            "--MeshSignal:Limits:MessageBytes=abc", "--MeshSignal:Nope=1", "--MeshSignal:Calls:MaxParticipants=1", "--Kestrel:Endpoints:A:Protocols=Http2");
        var (exitCode, output, errors) = await server.EndAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.EqualTo(2));
            Assert.That(output, Is.Empty);
            Assert.That(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(4));
            Assert.That(errors, Does.Contain("MeshSignal:Limits:MessageBytes must be a whole number, and 'abc' is not.\n"));
            Assert.That(errors, Does.Contain("MeshSignal:Nope is not a known key.\n"));
            Assert.That(errors, Does.Contain("MaxParticipants"));
            Assert.That(errors, Does.Contain("Kestrel:Endpoints:A:Protocols"));
        }
    }

    [TestCase("--MeshSignal:Heartbeat:Interval=00:00:90")]
    [TestCase("--MeshSignal:Limits:Fragments=0x20")]
    public async Task A_value_that_only_looks_right_is_an_error_and_no_crash(string argument)
    {
        using var server = ServerProcess.Start(argument);
        var (exitCode, _, errors) = await server.EndAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.EqualTo(2));
            Assert.That(errors, Does.Not.Contain("Unhandled exception"));
        }
    }

    [Test]
    public async Task The_log_is_written_as_the_settings_file_says()
    {
        using var server = ServerProcess.Start("--urls=http://127.0.0.1:0");
        Assert.That(
            await server.ReadLineAsync(),
            Does.Match(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INF MeshSignal listens on http://127\.0\.0\.1:\d+; open http://localhost:\d+/$"));
    }

    [Test]
    public async Task The_settings_file_can_be_overridden()
    {
        using var server = ServerProcess.Start("--urls=http://127.0.0.1:0", "--Serilog:WriteTo:0:Args:outputTemplate=<{Level}> {Message:lj}{NewLine}");
        Assert.That(await server.ReadLineAsync(), Does.StartWith("<Information> MeshSignal listens on"));
    }
}
