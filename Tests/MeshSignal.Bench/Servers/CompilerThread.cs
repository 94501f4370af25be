using System.Globalization;

namespace MeshSignal.Bench.Servers;

/// <summary>The thread on which a .NET process compiles hot code again, better. As long as that is at work, what is measured is not yet what it will be.</summary>
/// <param name="Id">Zero if there is none: it ends when it has had nothing to do for some seconds, and another one begins when there is something.</param>
/// <param name="Time">CPU time that it has used.</param>
internal readonly record struct CompilerThread(int Id, TimeSpan Time)
{
    // As the kernel cuts it off.
    private const string Name = "(.NET Tiered Com";
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    public static CompilerThread Read(ServerProcess server)
    {
        try
        {
            return Directory.EnumerateDirectories($"/proc/{server.Id}/task").Select(static task => Parse(ReadIfThere($"{task}/stat"))).FirstOrDefault(static thread => thread.Id > 0);
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            throw server.Blame("it is gone");
        }
    }

    /// <summary>What it has used since, whichever thread it was then.</summary>
    public TimeSpan Since(CompilerThread former) => Id == former.Id ? Time - former.Time : Time;

    /// <summary>"id (name) state ...": user and system time are the fields 14 and 15 (proc_pid_stat(5)).</summary>
    private static CompilerThread Parse(string stat)
    {
        if (!stat.Contains(Name, StringComparison.Ordinal)) return default;
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new CompilerThread(Number(stat.Split(' ')[0]), Tick * (Number(fields[11]) + Number(fields[12])));
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);

    private static string ReadIfThere(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return ""; // A thread that has ended meanwhile.
        }
    }
}
