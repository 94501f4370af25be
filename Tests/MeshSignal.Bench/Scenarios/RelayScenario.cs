using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>
/// What relaying one message costs, beside what the same bytes cost a bare WebSocket echo, and other servers that relay, in the same run. The servers take
/// turns, so that whatever else the machine does meets all of them.
/// </summary>
internal static class RelayScenario
{
    private static readonly (Shape Shape, string Baseline, double Most)[] CpuGoals =
    [
        (Shape.Candidate, Contestant.DotnetEcho, 1.3), (Shape.Candidate, Contestant.WsEcho, 0.9), (Shape.Candidate, Contestant.PeerJs, 0.65),
        (Shape.Offer, Contestant.DotnetEcho, 1.25), (Shape.Offer, Contestant.WsEcho, 0.65), (Shape.Offer, Contestant.PeerJs, 0.45),
    ];

    // How much longer half of the messages take, at most, than with a bare echo.
    private const double MostP50 = 1.2;

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        var contestants = Contestant.All(options);
        using var arena = Arena.Open(contestants, options, cancel);
        var report = new Comparison(Title("relay", options), options, arena.Cores);
        Shape[] shapes = [Shape.Candidate, Shape.Offer];
        arena.Compare(shapes, report);

        // Half of what the server itself takes, for all who can take as much.
        string[] paced = [.. contestants.Select(static one => one.Name).Intersect([Contestant.MeshSignal, Contestant.DotnetEcho, Contestant.WsEcho, Contestant.Against], StringComparer.Ordinal)];
        foreach (var shape in shapes)
        {
            if (report.Figure(Arena.PerSecond(shape), paced[0]) is { } full) arena.Pace(shape, paced, full.Median / 2, report);
        }

        if (options.SvgFile is { } file) BarChart.Write(file, report, [.. shapes.Select(Arena.Cpu)], [.. contestants.Select(static one => one.Name)]);
        report.Conclude(
            [.. shapes.Select(Arena.Cpu), .. shapes.Select(Arena.PacedP50)],
            [.. contestants.Skip(1).Select(other => (contestants[0].Name, other.Name))],
            [
                .. CpuGoals.Select(static goal => new Goal(Arena.Cpu(goal.Shape), Contestant.MeshSignal, goal.Baseline, goal.Most)),
                .. shapes.Select(static shape => new Goal(Arena.PacedP50(shape), Contestant.MeshSignal, Contestant.DotnetEcho, MostP50)),
            ]);
    }

    /// <summary>Measures each shape with each of two or more servers in turn, and reports the first one's ratios to the others.</summary>
    public static void Compare(string scenario, Contestant[] contestants, Shape[] shapes, BenchOptions options, CancellationToken cancel)
    {
        using var arena = Arena.Open(contestants, options, cancel);
        var report = new Comparison(Title(scenario, options), options, arena.Cores);
        arena.Compare(shapes, report);
        report.Conclude([.. shapes.Select(Arena.Cpu)], [.. contestants.Skip(1).Select(other => (contestants[0].Name, other.Name))]);
    }

    private static string Title(string scenario, BenchOptions options) =>
        $"{scenario}: {2 * options.Pairs} connections, {options.Pairs} messages in flight; {options.Rounds} rounds when all hot code is compiled, "
        + $"windows of {options.Seconds} s after {options.Warmup} s of warm-up; CPU is the server process's, user and system; busy: shares of one core";
}
