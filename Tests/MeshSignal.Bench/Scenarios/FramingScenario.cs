using MeshSignal.Bench.Load;
using MeshSignal.Bench.Servers;
using MeshSignal.Server.Transport;

namespace MeshSignal.Bench.Scenarios;

/// <summary>What the choice of a framing costs: memory for connections that do nothing, and CPU for messages. The servers take turns at both.</summary>
internal static class FramingScenario
{
    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        if (!Framings.Has(Framing.Fleck)) throw new BenchException("this build is without Fleck: dotnet run -c Release -p:Fleck=true …");

        using var turn = Cores.TakeTurn();
        var contestants = Contestant.Framings(options);
        IdleScenario.Compare("framing", contestants, options, cancel);
        Console.WriteLine();
        RelayScenario.Compare("framing", contestants, [Shape.Candidate, Shape.Offer], options, cancel);
    }
}
