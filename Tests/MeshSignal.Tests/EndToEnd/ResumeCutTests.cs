using System.Net;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>Connections that break at random places of a running call, in the middle of a frame, of the handshake, of the answer to a resume.</summary>
internal sealed class ResumeCutTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public async Task After_100_cuts_everything_has_arrived_once_and_in_order(int seed)
    {
        await using var server = await RealServer.StartAsync();
        using var call = new CutCall(new CutPlan(Address(server), "cut", Pairs: 5, Cuts: 100, seed, TimeSpan.FromMilliseconds(20), Limit), TimeProvider.System);

        await call.ExchangeAsync(CancellationToken.None);

        await TestContext.Out.WriteLineAsync($"seed {seed}: {call.Cuts} cuts, {call.Resumed} resumed, {call.Messages} messages");
        Assert.That(call.Faults, Is.Empty, $"seed {seed}");
        Assert.That((call.Gaps, call.Duplicates), Is.EqualTo((0, 0)));
        Assert.That(call.Cuts, Is.GreaterThanOrEqualTo(100));
        Assert.That(call.Resumed, Is.GreaterThan(50), "those whose answer was not cut off");
    }

    [Test]
    public async Task Whoever_comes_back_too_late_is_told_so_and_gets_nothing_of_before()
    {
        await using var server = await RealServer.StartAsync(("MeshSignal:Sessions:ResumeGrace", "00:00:01"));
        using var call = new CutCall(new CutPlan(Address(server), "late", Pairs: 20, Cuts: 0, Seed: 1, TimeSpan.Zero, Limit), TimeProvider.System);

        await call.ExpireAsync(CancellationToken.None);

        Assert.That(call.Faults, Is.Empty);
        Assert.That((call.Honest, call.Resumed), Is.EqualTo((20, 0)));
    }

    private static IPEndPoint Address(RealServer server) => new(IPAddress.Loopback, server.Port);
}
