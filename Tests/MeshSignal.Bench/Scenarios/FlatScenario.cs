using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>Whether a relayed message costs the same, however many others are connected and however many rooms there are.</summary>
internal static class FlatScenario
{
    private const int UsualClients = 10_000;
    private const int Rooms = 1000;
    private const string Alone = "alone";
    private const double Most = 1.1;

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        var count = options.Clients ?? UsualClients;
        Crowd.RequireFiles(count);

        // The limits count the idle ones, and whoever the load is from.
        var command = MeshSignalServer.Command(options, [.. MeshSignalServer.AmpleBudgets, $"--MeshSignal:Limits:MaxConnections={count + (2 * options.Pairs) + (2 * Rooms)}"]);
        var (beside, among) = ($"{count} idle", $"{Rooms} rooms");
        Contestant[] contestants = [.. new[] { Alone, beside, among }.Select(name => Contestant.OfMeshSignal(name, command))];
        using var arena = Arena.Open(contestants, options, cancel);
        var title = $"flat: the same server with {2 * options.Pairs} connections under load alone, beside {count} idle sessions, and beside {2 * Rooms} in {Rooms} rooms; "
            + $"{options.Rounds} rounds after one that does not count";
        var report = new Comparison(title, options, arena.Cores);
        var idle = new List<IDisposable>();
        try
        {
            idle.AddRange(IdlePeers.EnterAsync(arena.Servers[1].Address, 0, count, cancel).Result);
            idle.AddRange(IdlePeers.EnterAsync(arena.Servers[2].Address, 0, 2 * Rooms, cancel).Result);
            Shape[] shapes = [Shape.Candidate, Shape.Offer];
            arena.Compare(shapes, report);
            Measure[] cpu = [.. shapes.Select(Arena.Cpu)];
            report.Conclude(cpu, [(beside, Alone), (among, Alone)], [.. cpu.SelectMany(measure => new[] { beside, among }.Select(name => new Goal(measure, name, Alone, Most)))]);
        }
        finally
        {
            idle.ForEach(static peer => peer.Dispose());
        }
    }
}
