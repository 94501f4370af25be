using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace MeshSignal.Bench.Servers;

/// <summary>A server as a process of its own on a free loopback port. It never outlives the bench, whatever ends that.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private const int TailLines = 40;
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ReadyCheck = TimeSpan.FromMilliseconds(2);

    private readonly string _name;
    private readonly Process _process;

    private ServerProcess(string name, Process process, IPEndPoint address)
    {
        (_name, _process, Address) = (name, process, address);
        process.OutputDataReceived += (_, line) => Log.Add(line.Data);
        process.ErrorDataReceived += (_, line) => Log.Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public IPEndPoint Address { get; }

    public int Id => _process.Id;

    /// <summary>What it has printed.</summary>
    public ServerLog Log { get; } = new();

    /// <summary>User and system time of all its threads so far; the kernel counts in steps of 10 ms.</summary>
    public TimeSpan CpuTime => _process.TotalProcessorTime;

    /// <summary>Only on a thread that lives as long as the server is to: see below.</summary>
    /// <param name="port">Null for a free one.</param>
    /// <exception cref="BenchException">It ended, or did not listen within 20 s.</exception>
    public static ServerProcess Start(string name, Func<int, string[]> command, int? core, CancellationToken cancel, int? port = null)
    {
        var address = new IPEndPoint(IPAddress.Loopback, port ?? FreePort());

        // setpriv: if the bench is killed in a way it cannot handle, the kernel kills the server; also if this thread ends, as idle ones of the pool do.
        string[] line = ["setpriv", "--pdeathsig", "KILL", .. core is { } pinned ? new[] { "taskset", "-c", $"{pinned}" } : [], .. command(address.Port)];
        var start = new ProcessStartInfo(line[0], line[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        var server = new ServerProcess(name, Process.Start(start)!, address);
        try
        {
            server.WaitUntilItListens(cancel);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>The same error, with what the server itself had to say.</summary>
    public BenchException Blame(string what)
    {
        var state = _process.WaitForExit(ReadyCheck) ? $"{_name} ended with exit code {_process.ExitCode}; " : $"{_name}: ";
        var tail = Log.Tail(TailLines);
        return new BenchException($"{state}{what}; {(tail.Length == 0 ? "it printed nothing" : "its last output:\n  " + string.Join("\n  ", tail))}");
    }

    /// <summary>Asks it to end (SIGTERM).</summary>
    public void Terminate() => _ = kill(_process.Id, 15);

    /// <summary>Sends SIGUSR1; returns the next line that begins so.</summary>
    /// <exception cref="BenchException">There was none in time.</exception>
    public string Ask(string prefix, TimeSpan patience)
    {
        var (asked, started) = (Log.Count(prefix), Stopwatch.GetTimestamp());
        _ = kill(_process.Id, 10);
        while (Log.Count(prefix) == asked)
        {
            if (_process.WaitForExit(ReadyCheck) || Stopwatch.GetElapsedTime(started) > patience) throw Blame($"no line '{prefix}'");
        }

        return Log.Last(prefix);
    }

    /// <summary>Its exit code; null if it has not ended by then.</summary>
    public int? WaitForExit(TimeSpan patience) => _process.WaitForExit(patience) ? _process.ExitCode : null;

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private void WaitUntilItListens(CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        while (!Listens())
        {
            cancel.ThrowIfCancellationRequested();
            if (_process.WaitForExit(ReadyCheck)) throw Blame("it never listened");
            if (Stopwatch.GetElapsedTime(started) > ReadyTimeout) throw Blame($"it does not listen after {ReadyTimeout.TotalSeconds} s");
        }
    }

    private bool Listens()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Connect(Address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}
