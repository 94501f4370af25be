using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>What a connection costs in memory that does nothing: a v1 session in a room, all that it has got confirmed, beside bare connections and other servers' clients.</summary>
internal static class IdleScenario
{
    private const int UsualClients = 3000;
    private const double MostKibibytes = 20;

    // For what the last connections have left to be collected, and for nobody to be late.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    private static readonly Measure Memory = new("idle", "KiB/connection", "F1");

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        var contestants = Contestant.All(options);
        var report = Compare("idle", contestants, options, cancel);
        if (options.SvgFile is { } file) BarChart.Write(file, report, [Memory], [.. contestants.Select(static one => one.Name)]);
        if (report.Figure(Memory, Contestant.MeshSignal) is not { } memory) return;

        var promises = new Promises();
        promises.Check(memory.Median <= MostKibibytes, $"an idle v1 session in a room: {memory.Median:F1} KiB (at most {MostKibibytes:F0})");
        promises.Conclude();
    }

    /// <summary>Each of them in turn, a new process each time; reports the first one's ratios to the others.</summary>
    public static Comparison Compare(string scenario, Contestant[] contestants, BenchOptions options, CancellationToken cancel)
    {
        var count = options.Clients ?? UsualClients;
        Crowd.RequireFiles(2 * count);
        var title = $"{scenario}: growth of RSS for each of {count} idle connections beside {count} others; {options.Rounds} processes of each server";
        var report = new Comparison(title, options, cores: null);
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var one in contestants)
            {
                var kibibytes = Measure(one, count, cancel);
                report.Add(Memory, one.Name, kibibytes);
                Console.Error.WriteLine($"round {round}/{options.Rounds} {one.Name,-16} {kibibytes,6:F1} KiB");
            }
        }

        report.Conclude([Memory], [.. contestants.Skip(1).Select(other => (contestants[0].Name, other.Name))]);
        return report;
    }

    /// <summary>The first half of the connections is for what a server needs once, whoever comes: compiled code, tables, pools.</summary>
    private static double Measure(Contestant contestant, int count, CancellationToken cancel)
    {
        using var server = ServerProcess.Start(contestant.Name, contestant.Command, core: null, cancel);
        var peers = new List<IDisposable>();
        try
        {
            var (before, after) = (RssWithMore(), RssWithMore());
            return (after - before) * 1024 / count;
        }
        finally
        {
            peers.ForEach(static peer => peer.Dispose());
        }

        double RssWithMore()
        {
            var entering = contestant.IsMeshSignal
                ? IdlePeers.EnterAsync(server.Address, peers.Count, count, cancel)
                : IdlePeers.EnterAsync(contestant.Dialect, server.Address, peers.Count, count, cancel);
            peers.AddRange(entering.Result);
            cancel.WaitHandle.WaitOne(Settling);
            return ProcessSample.Read(server).RssMegabytes;
        }
    }
}
