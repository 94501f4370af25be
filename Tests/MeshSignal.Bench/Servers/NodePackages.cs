using System.Diagnostics;

namespace MeshSignal.Bench.Servers;

/// <summary>The node scripts and the packages they need, installed on first use exactly as the lock file names them.</summary>
internal static class NodePackages
{
    private static readonly TimeSpan InstallTimeout = TimeSpan.FromMinutes(2);

    public static string Script(string name)
    {
        var directory = Contestant.Built("NodeDirectory");
        var installed = Path.Combine(directory, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(directory, "package-lock.json")))
            Install(directory);
        return Path.Combine(directory, name);
    }

    private static void Install(string directory)
    {
        Console.Error.WriteLine("npm ci ...");
        using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund"]) { WorkingDirectory = directory })!;
        if (npm.WaitForExit(InstallTimeout) && npm.ExitCode == 0) return;
        if (!npm.HasExited) npm.Kill(entireProcessTree: true);
        throw new BenchException($"npm ci failed in {directory}");
    }
}
