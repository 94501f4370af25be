using System.Diagnostics;
using System.Text.RegularExpressions;

namespace MeshSignal.Tests.Support;

/// <summary>The server as an operator runs it: a process with arguments, known by what it prints and by its exit code.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly List<string> _lines = [];
    private readonly bool _printsToken;

    private ServerProcess(Process process, string[] arguments)
    {
        (_process, _errors, _printsToken) = (process, process.StandardError.ReadToEndAsync(), arguments is ["token", ..]);
        Secrets.AddSettings(arguments.Select(static argument => argument.Split('=', 2)).Select(static parts => (parts[0], parts[^1])));
    }

    public int Port { get; private set; }

    public static ServerProcess Start(params string[] arguments) =>
        new(Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "MeshSignal.Server.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,

            // Not beside its settings and its page: they must be found wherever it is started.
            WorkingDirectory = Path.GetTempPath(),
            Environment = { ["MeshSignal__Framing"] = TestFraming.Setting.Value },
        })!, arguments);

    /// <summary>Starts it on a port of its own, or on that of a predecessor, and waits until it says that it listens there.</summary>
    public static async Task<ServerProcess> StartListeningAsync(int port = 0)
    {
        var server = Start("--urls", $"http://127.0.0.1:{port}");
        while (server.Port == 0)
        {
            var line = await server.ReadLineAsync() ?? throw new AssertionException($"The server ended: {await server._errors}");
            if (ListeningPort().Match(line) is { Success: true } match)
                server.Port = int.Parse(match.Groups["port"].Value, null);
        }

        return server;
    }

    /// <summary>The next line that it prints; null at its end.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(TestPeer.Timeout);
        if (line is not null)
            _lines.Add(line);
        return line;
    }

    /// <summary>What a service manager sends to stop it.</summary>
    public async Task TerminateAsync()
    {
        using var kill = Process.Start("sh", ["-c", $"kill -TERM {_process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(TestPeer.Timeout);
    }

    /// <summary>Waits for its end, and gives all that it has printed.</summary>
    public async Task<(int ExitCode, IReadOnlyList<string> Lines, string Errors)> EndAsync()
    {
        while (await ReadLineAsync() is not null)
        {
        }

        await _process.WaitForExitAsync().WaitAsync(TestPeer.Timeout);
        return (_process.ExitCode, _lines, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await EndAsync();
        _process.Dispose();

        // A join token that was asked for is printed, alone.
        Secrets.Check([.. _printsToken ? [] : _lines, .. (await _errors).Split('\n')]);
    }

    [GeneratedRegex(@"listens on http://\S+?:(?<port>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ListeningPort();
}
