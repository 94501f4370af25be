using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;
using MeshSignal.Server.Transport;

namespace MeshSignal.Bench.Scenarios;

/// <summary>What the choice of a framing costs: memory for connections that do nothing, and CPU for messages. The servers take turns at both.</summary>
internal static class FramingScenario
{
    private const int UsualClients = 3000;
    private const int MemoryRounds = 3;

    // For what the last connections have left to be collected, and for nobody to be late.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        if (!Framings.Has(Framing.Fleck)) throw new BenchException("this build is without Fleck: dotnet run -c Release -p:Fleck=true …");

        using var turn = Cores.TakeTurn();
        var contestants = Contestant.Framings(options);
        var count = options.Clients ?? UsualClients;
        Crowd.RequireFiles(2 * count);
        var samples = contestants.Select(static _ => new List<double>()).ToArray();
        for (var round = 1; round <= MemoryRounds; round++)
        {
            foreach (var (contestant, kibibytes) in contestants.Zip(samples))
            {
                kibibytes.Add(Measure(contestant, count, cancel));
                Console.Error.WriteLine($"round {round}/{MemoryRounds} idle {contestant.Name,-16} {kibibytes[^1],6:F1} KiB");
            }
        }

        Console.WriteLine($"memory: RSS for each idle v1 connection, of {count} beside {count} others; median (min-max) of {MemoryRounds} servers each");
        foreach (var (contestant, kibibytes) in contestants.Zip(samples))
            Console.WriteLine($"{contestant.Name,-16} {Spread.Of(kibibytes).Text("F1")} KiB");
        var ratios = samples[1].Zip(samples[0], static (one, other) => one / other);
        Console.WriteLine($"{contestants[1].Name} / {contestants[0].Name} {Spread.Of(ratios).Text("F2")}");
        Console.WriteLine();
        RelayScenario.Compare(contestants, [Shape.Candidate, Shape.Offer], options, cancel);
    }

    /// <summary>The first half of the connections is for what a server needs once, whoever comes: compiled code, tables, pools.</summary>
    private static double Measure(Contestant contestant, int count, CancellationToken cancel)
    {
        using var server = ServerProcess.Start(contestant.Name, contestant.Command, core: null, cancel);
        LightPeer[] peers = [.. Enumerable.Range(0, 2 * count).Select(number => new LightPeer(server.Address, $"idle-{number}", $"scope-{number}"))];
        try
        {
            var before = RssWith(peers[..count]);
            var after = RssWith(peers[count..]);
            return (after - before) * 1024 / count;
        }
        finally
        {
            foreach (var peer in peers) peer.Dispose();
        }

        double RssWith(LightPeer[] more)
        {
            Crowd.ConnectAsync(more, cancel).Wait(cancel);
            cancel.WaitHandle.WaitOne(Settling);
            return ProcessSample.Read(server).RssMegabytes;
        }
    }
}
