using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>
/// What relaying one message costs, beside what the same bytes cost a bare WebSocket echo in the same run. The servers take turns, so
/// that whatever else the machine does meets all of them.
/// </summary>
internal static class RelayScenario
{
    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        Compare(Contestant.All(options), [Shape.Candidate, Shape.Offer], options, cancel);
    }

    /// <summary>Measures each shape with each of them in turn, and reports.</summary>
    public static void Compare(Contestant[] contestants, Shape[] shapes, BenchOptions options, CancellationToken cancel)
    {
        var cores = options.Pin ? Cores.Pick() ?? throw new BenchException("pinning needs two cores; --no-pin does without") : null;
        var servers = new List<ServerProcess>();
        try
        {
            foreach (var one in contestants) servers.Add(ServerProcess.Start(one.Name, one.Command, cores?.Server, cancel));
            cores?.PinGenerator();

            var report = new RelayReport(options, cores);

            // Round 0 does not count: a new process compiles its hot code twice before it is as fast as it will be.
            for (var round = 0; round <= options.Rounds; round++)
            {
                foreach (var shape in shapes)
                {
                    for (var place = 0; place < contestants.Length; place++)
                    {
                        // Another one begins each round: nobody always follows the same neighbour.
                        var next = (place + round) % contestants.Length;
                        var window = Measure(contestants[next], servers[next], shape, options, cancel);
                        if (round > 0) report.Add(shape, contestants[next].Name, window);
                        var what = $"round {round}/{options.Rounds} {shape.Name,-9} {contestants[next].Name,-12}";
                        Console.Error.WriteLine($"{what} {window.CpuMicrosPerMessage,6:F2} µs {window.MessagesPerSecond,8:F0}/s");
                    }
                }
            }

            report.Print(Console.Out);
            if (options.JsonFile is { } file) report.Write(file);
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }
    }

    private static Window Measure(Contestant contestant, ServerProcess server, Shape shape, BenchOptions options, CancellationToken cancel)
    {
        LoadPeer[] peers = [];
        try
        {
            peers = contestant.Connect(server.Address, shape, options.Pairs, cancel);
            var window = new ClosedLoop(peers, server, cancel).Run(TimeSpan.FromSeconds(options.Warmup), TimeSpan.FromSeconds(options.Seconds));
            foreach (var peer in peers) peer.Wire.Close();
            return window;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw server.Blame($"{shape.Name}: {error.Message}");
        }
        finally
        {
            foreach (var peer in peers) peer.Dispose();
        }
    }
}
