using System.Diagnostics;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>
/// A hundred rooms of eight fill in one moment, and every pair exchanges an offer, an answer and ten candidates: how long until the last message has come, and
/// what it costs, beside servers that relay as much.
/// </summary>
internal static class StormScenario
{
    private const int Rooms = 100;
    private const int PeersInRoom = 8;
    private const int WarmRounds = 6;
    private const int Messages = Rooms * PeersInRoom * (PeersInRoom - 1) * StormPeer.FromEach;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    private static readonly Measure Time = new("storm", "seconds to the last", "F2");
    private static readonly Measure Cpu = new("storm", "CPU s", "F2");

    private static int _storms;

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        Crowd.RequireFiles(Rooms * PeersInRoom);
        var contestants = Contestant.WithRooms(options);
        using var arena = Arena.Open(contestants, options, cancel);
        var title = $"storm: {Rooms} rooms of {PeersInRoom} that join at once, {Messages} messages; "
            + $"{options.Rounds} rounds after {WarmRounds} that do not count; default limits";
        var report = new Comparison(title, options, arena.Cores);

        // Rounds before 1 do not count: a storm is soon over, and what is to be measured must have been compiled.
        for (var round = 1 - WarmRounds; round <= options.Rounds; round++)
        {
            for (var next = 0; next < contestants.Length; next++)
            {
                var place = (next + round + WarmRounds) % contestants.Length;
                var (seconds, cpu) = StormAsync(contestants[place], arena.Servers[place], cancel).Result;
                Console.Error.WriteLine($"round {round}/{options.Rounds} {contestants[place].Name,-16} {seconds,6:F2} s, {cpu.Server.TotalSeconds:F2} s of CPU, generator {cpu.Generator.TotalSeconds:F2} s");
                cancel.WaitHandle.WaitOne(Settling);
                if (round < 1) continue;
                report.Add(Time, contestants[place].Name, seconds);
                report.Add(Cpu, contestants[place].Name, cpu.Server.TotalSeconds);
                report.Add(new Measure("storm", "generator CPU s", "F2"), contestants[place].Name, cpu.Generator.TotalSeconds);
            }
        }

        if (options.SvgFile is { } file) BarChart.Write(file, report, [Time, Cpu], [.. contestants.Select(static one => one.Name)]);
        report.Conclude([Time, Cpu], [.. contestants.Skip(1).Select(other => (contestants[0].Name, other.Name))]);
    }

    private static async Task<(double Seconds, CpuClock Cpu)> StormAsync(Contestant contestant, ServerProcess server, CancellationToken cancel)
    {
        var storm = ++_storms;
        StormPeer[] peers =
        [
            .. from room in Enumerable.Range(0, Rooms)
               from place in Enumerable.Range(0, PeersInRoom)
               select new StormPeer(contestant.Dialect!($"storm-{storm}-{room}", place), PeersInRoom - 1),
        ];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        using var door = new SemaphoreSlim(Crowd.AtATime);
        try
        {
            var (started, cpu) = (Stopwatch.GetTimestamp(), CpuClock.Read(server));
            await Task.WhenAll(peers.Select(RunAsync));
            return (Stopwatch.GetElapsedTime(started).TotalSeconds, CpuClock.Read(server) - cpu);
        }
        catch (Exception error) when (!cancel.IsCancellationRequested)
        {
            throw server.Blame($"{peers.Sum(static peer => peer.Missing)} of {Messages} messages have not come: {error.Message}");
        }
        finally
        {
            foreach (var peer in peers) peer.Dispose();
        }

        async Task RunAsync(StormPeer peer)
        {
            await door.WaitAsync(patience.Token);
            try
            {
                await peer.ConnectAsync(server.Address, patience.Token);
            }
            finally
            {
                door.Release();
            }

            await peer.RunAsync(patience.Token);
        }
    }
}
