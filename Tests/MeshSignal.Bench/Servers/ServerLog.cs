using System.Diagnostics;

namespace MeshSignal.Bench.Servers;

/// <summary>What a server has printed, with the time at which it was read.</summary>
internal sealed class ServerLog
{
    private const int MostLines = 100_000;

    // Guarded by itself: the two pipes are read on threads of their own.
    private readonly List<(long At, string Line)> _lines = [];

    /// <summary>What the server, or the runtime under it, calls a fault.</summary>
    public string[] Faults => [.. Lines(IsFault).Select(static entry => entry.Line)];

    public void Add(string? line)
    {
        if (line is null) return;
        lock (_lines)
        {
            if (_lines.Count == MostLines) _lines.RemoveRange(0, MostLines / 2);
            _lines.Add((Stopwatch.GetTimestamp(), line));
        }
    }

    /// <summary>When somebody was closed who did not read.</summary>
    public long[] SlowConsumers => [.. Lines(static line => line.Contains("close code 4040", StringComparison.Ordinal)).Select(static entry => entry.At)];

    /// <summary>How many lines begin so.</summary>
    public int Count(string prefix) => Lines(line => line.StartsWith(prefix, StringComparison.Ordinal)).Length;

    public string Last(string prefix) => Lines(line => line.StartsWith(prefix, StringComparison.Ordinal))[^1].Line;

    public string[] Tail(int count)
    {
        lock (_lines)
            return [.. _lines.TakeLast(count).Select(static entry => entry.Line)];
    }

    private static bool IsFault(string line) =>
        line.Contains(" ERR ", StringComparison.Ordinal) || line.Contains(" FTL ", StringComparison.Ordinal)
        || line.StartsWith("Unhandled exception", StringComparison.Ordinal);

    private (long At, string Line)[] Lines(Func<string, bool> which)
    {
        lock (_lines)
            return [.. _lines.Where(entry => which(entry.Line))];
    }
}
