using System.Diagnostics;
using System.Globalization;

namespace MeshSignal.Bench.Servers;

/// <summary>One core for the server being measured and another for the generator, so that neither takes time from the other.</summary>
internal sealed record Cores(int Server, int Generator)
{
    /// <summary>The first two cores this process may use; null when there is only one.</summary>
    public static Cores? Pick()
    {
        var allowed = File.ReadLines("/proc/self/status").First(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal));
        int[] cores = [.. allowed.Split(':')[1].Trim().Split(',').SelectMany(Range)];
        return cores is [var first, var second, ..] ? new Cores(first, second) : null;
    }

    /// <summary>Two runs at a time would measure each other: the second one is refused for as long as the first keeps this.</summary>
    public static IDisposable TakeTurn()
    {
        try
        {
            return new FileStream(Path.Combine(Path.GetTempPath(), "meshsignal-bench.lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        }
        catch (IOException)
        {
            throw new BenchException("another run is measuring on this machine");
        }
    }

    /// <summary>Moves every thread of this process; those it starts later inherit the core.</summary>
    public void PinGenerator()
    {
        using var taskset = Process.Start(new ProcessStartInfo("taskset", ["-a", "-c", "-p", $"{Generator}", $"{Environment.ProcessId}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        taskset.StandardOutput.ReadToEnd();
        taskset.WaitForExit();
        if (taskset.ExitCode != 0) throw new BenchException("taskset could not pin the generator (--no-pin does without)");
    }

    private static IEnumerable<int> Range(string text)
    {
        var ends = text.Split('-');
        var first = int.Parse(ends[0], CultureInfo.InvariantCulture);
        return Enumerable.Range(first, int.Parse(ends[^1], CultureInfo.InvariantCulture) - first + 1);
    }
}
