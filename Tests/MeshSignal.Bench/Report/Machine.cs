using System.Runtime.InteropServices;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Report;

/// <summary>On what a figure was measured.</summary>
internal static class Machine
{
    public static string Text(Cores? cores)
    {
        const string key = "model name";
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':')[1].Trim();
        var software = $"{RuntimeInformation.OSDescription}; {RuntimeInformation.FrameworkDescription}";
        var pinning = cores is null
            ? "servers and generator share all cores"
            : $"every server on core {cores.Server}, the generator on core {cores.Generator} (taskset)";
        return $"{model ?? "unknown processor"}, {Environment.ProcessorCount} cores; {software}; {pinning}";
    }
}
