using System.Globalization;

namespace MeshSignal.Bench.Servers;

/// <summary>What a process holds at one moment: resident memory, open files and sockets, threads.</summary>
internal readonly record struct ProcessSample(double RssMegabytes, int Handles, int Threads)
{
    public static ProcessSample Read(ServerProcess server)
    {
        try
        {
            var status = File.ReadAllLines($"/proc/{server.Id}/status");
            var handles = Directory.EnumerateFileSystemEntries($"/proc/{server.Id}/fd").Count();
            return new ProcessSample(Number(status, "VmRSS:") / 1024.0, handles, Number(status, "Threads:"));
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            throw server.Blame("it is gone");
        }
    }

    private static int Number(string[] status, string name)
    {
        var line = status.First(line => line.StartsWith(name, StringComparison.Ordinal));
        return int.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
