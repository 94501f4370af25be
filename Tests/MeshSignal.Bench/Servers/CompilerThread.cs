using System.Globalization;

namespace MeshSignal.Bench.Servers;

/// <summary>The thread on which a .NET process compiles hot code again, better. As long as that is at work, what is measured is not yet what it will be.</summary>
internal static class CompilerThread
{
    // As the kernel cuts it off.
    private const string Name = ".NET Tiered Com";
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>CPU time of it so far; zero where there is none. It comes and goes, and takes its time with it.</summary>
    public static TimeSpan Read(ServerProcess server)
    {
        var total = TimeSpan.Zero;
        foreach (var task in Directory.EnumerateDirectories($"/proc/{server.Id}/task"))
        {
            try
            {
                // "id (name) state ...": user and system time are the fields 14 and 15 (proc_pid_stat(5)).
                var text = File.ReadAllText($"{task}/stat");
                if (!text.Contains($"({Name}", StringComparison.Ordinal)) continue;
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                total += Tick * (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return total;
    }
}
