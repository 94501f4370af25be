using System.Diagnostics;
using System.Text.RegularExpressions;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Hosting;

/// <summary>The first signal to end lets everybody go in good order; whoever does not want to wait sends a second one.</summary>
internal sealed partial class SecondSignalTests
{
    [TestCase("TERM", "TERM", 143)]
    [TestCase("INT", "INT", 130)]
    [TestCase("TERM", "INT", 130)]
    [TestCase("INT", "TERM", 143)]
    public async Task A_second_signal_ends_the_process_at_once(string first, string second, int exitCode)
    {
        // The first batch of sockets is followed by a quarter of a minute in which nothing happens.
        await using var server = await RunningServer.StartAsync("--MeshSignal:Sessions:DrainTime=00:05:00");
        using var alice = await server.ConnectAsync();
        await server.SignalAsync(first);
        await alice.ExpectAsync(MessageTypes.Draining); // So the stop has begun.

        await server.SignalAsync(second);

        Assert.That(await server.EndAsync(), Is.EqualTo(exitCode));
    }

    [TestCase("TERM")]
    [TestCase("INT")]
    public async Task After_one_signal_the_process_ends_with_0_and_everybody_was_told(string signal)
    {
        await using var server = await RunningServer.StartAsync("--MeshSignal:Sessions:DrainTime=00:00:00");
        using var alice = await server.ConnectAsync();
        await server.SignalAsync(signal);

        await alice.ExpectAsync(MessageTypes.Draining);
        await alice.ExpectCloseAfterNothingAsync(CloseCode.ServiceRestart);
        await alice.CloseAsync();

        Assert.That(await server.EndAsync(), Is.Zero);
    }

    /// <summary>A server of which the test knows the process, to signal it.</summary>
    private sealed partial class RunningServer : IAsyncDisposable
    {
        private readonly Process _process;
        private int _port;

        private RunningServer(Process process) => _process = process;

        public static async Task<RunningServer> StartAsync(string setting)
        {
            // A shell lets what it runs in the background ignore SIGINT, and whatever that starts inherits it.
            string[] obedient = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT", "dotnet"] : ["dotnet"];
            string[] command = [.. obedient, Path.Combine(AppContext.BaseDirectory, "MeshSignal.Server.dll"), "--urls", "http://127.0.0.1:0", setting];
            var start = new ProcessStartInfo(command[0], command[1..])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
            };
            var server = new RunningServer(Process.Start(start)!);
            while (server._port == 0)
            {
                var line = await server._process.StandardOutput.ReadLineAsync().WaitAsync(TestPeer.Timeout) ?? throw new AssertionException("The server ended.");
                if (ListeningPort().Match(line) is { Success: true } match)
                    server._port = int.Parse(match.Groups["port"].ValueSpan, null);
            }

            return server;
        }

        public async Task<TestPeer> ConnectAsync()
        {
            var peer = await (await WebSocketClient.OpenPeerAsync(_port, Profile.V1, "?username=alice")).GreetedAsync(withChat: false);
            await peer.ExpectNothingAsync(); // Whoever is just coming in while the server stops is only closed.
            return peer;
        }

        public async Task SignalAsync(string signal)
        {
            using var kill = Process.Start("sh", ["-c", $"kill -{signal} {_process.Id}"]);
            await kill.WaitForExitAsync().WaitAsync(TestPeer.Timeout);
        }

        public async Task<int> EndAsync()
        {
            await _process.WaitForExitAsync().WaitAsync(TestPeer.Timeout);
            return _process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        [GeneratedRegex(@"listens on http://\S+?:(?<port>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
        private static partial Regex ListeningPort();
    }
}
