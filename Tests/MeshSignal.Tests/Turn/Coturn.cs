using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Turn;

/// <summary>A real TURN server with the settings that are shipped as an example, only its secret filled in. It listens on a port of its own.</summary>
internal sealed class Coturn : IAsyncDisposable
{
    public const string Secret = "5ec7e70f-a-server-and-its-relay";
    private const string Program = "/usr/bin/turnserver";
    private const string SecretLine = "static-auth-secret=";

    /// <summary>That of the example. The machine has it, but no interface does: so no browser takes it for one of its own.</summary>
    public static readonly IPAddress RelayAddress = IPAddress.Parse("198.51.100.1");

    /// <summary>What clients here have for their own, and what nobody else shall learn.</summary>
    public static readonly IPAddress PeerAddress = IPAddress.Parse("203.0.113.5");

    // Below those that the system and the relays give out.
    private static int _lastPort = 20_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("coturn-");
    private readonly ConcurrentQueue<string> _log = new();
    private Process? _process;

    private Coturn(int port) => EndPoint = new IPEndPoint(RelayAddress, port);

    public IPEndPoint EndPoint { get; }

    public string Database => Path.Combine(_folder.FullName, "turndb");

    /// <summary>All that it has said.</summary>
    public IEnumerable<string> Log => _log;

    /// <summary>What makes a MeshSignal server use it, for rooms in which calls are relayed.</summary>
    /// <param name="transport">By which clients reach it.</param>
    public (string Key, string Value)[] Settings(string transport = "udp") =>
    [
        ("MeshSignal:Calls:ForceRelay", "true"), ("MeshSignal:Ice:TurnUrls:0", $"turn:{EndPoint}?transport={transport}"),
        ("MeshSignal:Ice:TurnSecret", Secret), ("MeshSignal:Ice:RelayRanges:0", RelayAddress.ToString()),
    ];

    public static Task<Coturn> StartAsync(params string[] secrets) => StartAsync(static settings => settings, secrets);

    /// <summary>Without the settings that begin with one of these.</summary>
    public static Task<Coturn> StartWithoutAsync(params string[] names) =>
        StartAsync(settings => settings.Where(line => !names.Any(name => line.StartsWith(name, StringComparison.Ordinal))));

    /// <param name="change">What differs from the example, line by line.</param>
    public static async Task<Coturn> StartAsync(Func<IEnumerable<string>, IEnumerable<string>> change, params string[] secrets)
    {
        if (!File.Exists(Program))
            Missing.EndTest("coturn is not installed; Tests/run.sh installs it");
        foreach (var address in new[] { RelayAddress, PeerAddress })
            if (!IsFree(address, 0))
                Missing.EndTest($"this machine does not have the address {address}; Tests/run.sh gives it to a network of its own");

        var coturn = new Coturn(NextPort());
        await coturn.RunAsync(change, secrets);
        return coturn;
    }

    /// <summary>As after a change of its secrets.</summary>
    public async Task RestartAsync(params string[] secrets)
    {
        await StopAsync();
        await RunAsync(static settings => settings, secrets);
    }

    public async Task StopAsync()
    {
        if (_process is not { } process)
            return;

        _process = null;
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(TestPeer.Timeout);
        process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    private async Task RunAsync(Func<IEnumerable<string>, IEnumerable<string>> change, string[] secrets)
    {
        var settings = Path.Combine(_folder.FullName, "turnserver.conf");
        await File.WriteAllLinesAsync(settings, change(Example(secrets is [] ? [Secret] : secrets)));

        // The shell ends the server when its input ends, which it also does if the tests are killed.
        string[] arguments = ["-c", settings, "--listening-port", $"{EndPoint.Port}", "--userdb", Database, "--pidfile", Path.Combine(_folder.FullName, "pid")];
        _process = Process.Start(new ProcessStartInfo("sh", ["-c", $"{Program} \"$@\" 2>&1 & read -r end; kill -KILL $!; wait", "sh", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        _process.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        for (var attempt = 0; !await TurnProbe.IsAnsweredAsync(EndPoint, TimeSpan.FromMilliseconds(100)); attempt++)
            Assert.That(attempt, Is.LessThan(300), $"coturn does not answer:\n{string.Join('\n', _log)}");
    }

    private static IEnumerable<string> Example(string[] secrets, [CallerFilePath] string path = "") =>
        File.ReadLines(Path.Combine(Path.GetDirectoryName(path)!, "../../../config/coturn.example.conf"))
            .SelectMany(line => line.StartsWith(SecretLine, StringComparison.Ordinal) ? secrets.Select(static secret => SecretLine + secret) : [line]);

    private static int NextPort()
    {
        while (true)
        {
            var port = Interlocked.Increment(ref _lastPort);
            Assert.That(port, Is.LessThan(30_000), "no port is free");
            if (IsFree(RelayAddress, port))
                return port;
        }
    }

    private static bool IsFree(IPAddress address, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
