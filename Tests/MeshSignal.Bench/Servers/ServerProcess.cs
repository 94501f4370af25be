using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace MeshSignal.Bench.Servers;

/// <summary>A server as a process of its own on a free loopback port. It never outlives the bench, whatever ends that.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const int TailLines = 40;
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ReadyCheck = TimeSpan.FromMilliseconds(50);

    private readonly string _name;
    private readonly Process _process;

    // Guarded by itself: the two pipes are read on threads of their own.
    private readonly Queue<string> _tail = new();

    private ServerProcess(string name, Process process, IPEndPoint address)
    {
        (_name, _process, Address) = (name, process, address);
        process.OutputDataReceived += (_, line) => Remember(line.Data);
        process.ErrorDataReceived += (_, line) => Remember(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public IPEndPoint Address { get; }

    /// <summary>User and system time of all its threads so far; the kernel counts in steps of 10 ms.</summary>
    public TimeSpan CpuTime => _process.TotalProcessorTime;

    /// <exception cref="BenchException">It ended, or did not listen within 20 s.</exception>
    public static ServerProcess Start(string name, Func<int, string[]> command, int? core, CancellationToken cancel)
    {
        var address = new IPEndPoint(IPAddress.Loopback, FreePort());

        // setpriv: if the bench is killed in a way it cannot handle, the kernel kills the server.
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
        lock (_tail)
        {
            var said = _tail.Count == 0 ? "it printed nothing" : "its last output:\n  " + string.Join("\n  ", _tail);
            return new BenchException($"{state}{what}; {said}");
        }
    }

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

    private void Remember(string? line)
    {
        if (line is null) return;
        lock (_tail)
        {
            if (_tail.Count == TailLines) _tail.Dequeue();
            _tail.Enqueue(line);
        }
    }
}
