using System.Diagnostics;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>From the start of the process until the first WebSocket is open, beside a bare Kestrel application.</summary>
internal static class StartScenario
{
    private const double Most = 1.3;
    private static readonly Measure Listening = new("start", "ms until it listens", "F0");
    private static readonly Measure Open = new("start", "ms until the first socket is open", "F0");

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        Contestant[] contestants = [.. Contestant.All(options).Where(static one => one.Name is Contestant.MeshSignal or Contestant.DotnetEcho)];
        var report = new Comparison($"start: {options.Rounds} rounds after one that does not count", options, cores: null);
        for (var round = 0; round <= options.Rounds; round++)
        {
            foreach (var one in contestants)
            {
                var started = Stopwatch.GetTimestamp();
                using var server = ServerProcess.Start(one.Name, one.Command, core: null, cancel);
                var listening = Stopwatch.GetElapsedTime(started);
                using var wire = WireSocket.Open(server.Address, one.Dialect?.Invoke("room", 0).Path ?? "/", one.Dialect?.Invoke("room", 0).Subprotocol);
                var open = Stopwatch.GetElapsedTime(started);
                if (round == 0) continue; // The files come from the disk.
                report.Add(Listening, one.Name, listening.TotalMilliseconds);
                report.Add(Open, one.Name, open.TotalMilliseconds);
            }
        }

        report.Conclude([Listening, Open], [(Contestant.MeshSignal, Contestant.DotnetEcho)], new Goal(Open, Contestant.MeshSignal, Contestant.DotnetEcho, Most));
    }
}
