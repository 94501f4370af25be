using System.Diagnostics;
using System.Text.RegularExpressions;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Support;

/// <summary>The server as an operator runs it: a process of its own, known by what it prints and by its exit code.</summary>
internal sealed partial class ListeningProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];

    private ListeningProcess(Process process) => _process = process;

    /// <summary>What it has printed, as far as it was read.</summary>
    public IReadOnlyList<string> Lines => _lines;

    public int Port { get; private set; }

    public static async Task<ListeningProcess> StartAsync(params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "MeshSignal.Server.dll"), .. arguments])
        {
            // Not beside its settings and its page: it must not matter.
            WorkingDirectory = Path.GetTempPath(),
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var server = new ListeningProcess(process);
        while (server.Port == 0)
            server.Port = await server.ReadLineAsync() is { } line
                ? ListeningPort().Match(line) is { Success: true } match ? int.Parse(match.Groups["port"].Value, null) : 0
                : throw new AssertionException($"The server ended: {await process.StandardError.ReadToEndAsync()}");
        return server;
    }

    public async Task<TestPeer> OpenAsync(Profile profile, string query = "") =>
        new(await WebSocketClient.ConnectAsync(new Uri($"ws://127.0.0.1:{Port}/{query}"), profile), profile);

    /// <summary>What a service manager sends to stop it.</summary>
    public async Task TerminateAsync()
    {
        using var kill = Process.Start("sh", ["-c", $"kill -TERM {_process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(TestPeer.Timeout);
    }

    /// <summary>Reads what it still prints, and gives its exit code.</summary>
    public async Task<int> ExitAsync()
    {
        while (await ReadLineAsync() is not null)
        {
        }

        await _process.WaitForExitAsync().WaitAsync(TestPeer.Timeout);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<string?> ReadLineAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(TestPeer.Timeout);
        if (line is not null)
            _lines.Add(line);
        return line;
    }

    [GeneratedRegex(@"listens on http://\S+?:(?<port>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ListeningPort();
}
