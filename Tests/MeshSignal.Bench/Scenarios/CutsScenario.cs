using MeshSignal.Bench.Servers;
using MeshSignal.Tests.EndToEnd;

namespace MeshSignal.Bench.Scenarios;

/// <summary>A thousand broken connections: every session goes on, nothing is lost, doubled or out of order; and who comes back too late is told so.</summary>
internal static class CutsScenario
{
    private const int Cuts = 1000;

    private static readonly TimeSpan LongestAway = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan LateLimit = TimeSpan.FromMinutes(2);

    public static void Run(BenchOptions options, CancellationToken cancel) => RunAsync(options, cancel).GetAwaiter().GetResult();

    private static async Task RunAsync(BenchOptions options, CancellationToken cancel)
    {
        // Who comes back sends again what was not acknowledged, on top of fifty numbers a second: more than a client may.
        using var server = MeshSignalServer.Start(options, cancel, MeshSignalServer.AmpleBudgets);
        var plan = new CutPlan(server.Address, "cut", options.Pairs, Cuts, Seed: options.Rounds, LongestAway, Limit);

        using var call = new CutCall(plan, TimeProvider.System);
        await call.ExchangeAsync(cancel);
        Console.WriteLine(
            $"cuts: seed {plan.Seed}, {call.Cuts} connections broken, {call.Resumed} times resumed, {call.Messages} messages, {call.Gaps} gaps, {call.Duplicates} duplicates");

        using var late = new CutCall(plan with { Room = "late", Cuts = 0, Limit = LateLimit }, TimeProvider.System);
        if (call.Faults.Count == 0)
            await late.ExpireAsync(cancel);
        Console.WriteLine($"late: {late.Honest} of {plan.Pairs} told so, {late.Resumed} resumed, {late.Messages} stale messages");

        if (call.Faults.Count + late.Faults.Count > 0)
            throw server.Blame(string.Join("\n  ", ["not as it should be:", .. call.Faults, .. late.Faults]));
    }
}
