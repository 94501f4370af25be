using System.Globalization;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Load;

/// <summary>CPU time used so far by the server, by the generator, and by the whole machine, stolen time included.</summary>
internal readonly record struct CpuClock(TimeSpan Server, TimeSpan Generator, TimeSpan Machine)
{
    // /proc/stat counts in USER_HZ, which is 100 on every Linux that .NET runs on.
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>What neither server nor generator used: the measure of how noisy the machine was.</summary>
    public TimeSpan Others => Machine - Server - Generator;

    public static CpuClock Read(ServerProcess server) => new(server.CpuTime, Environment.CpuUsage.TotalTime, ReadMachine());

    public static CpuClock operator -(CpuClock end, CpuClock start) =>
        new(end.Server - start.Server, end.Generator - start.Generator, end.Machine - start.Machine);

    private static TimeSpan ReadMachine()
    {
        // cpu user nice system idle iowait irq softirq steal ...
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Tick * fields[1..9].Where((_, place) => place is not (3 or 4)).Sum(field => double.Parse(field, CultureInfo.InvariantCulture));
    }
}
