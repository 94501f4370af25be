using MeshSignal.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace MeshSignal.Tests.Browser;

// Media takes processor time; two of these at once would be measured against each other.
[NonParallelizable]
internal sealed class LegacyInteropTests
{
    private const string Lobby = "lobby";

    [Test]
    public async Task A_legacy_newcomer_is_offered_the_call_and_loses_no_candidate()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice", Lobby);
        await alice.JoinAsync();

        var jonas = await chromium.JoinLegacyAsync(server, "jonas");
        await Task.WhenAll(alice.ReceivesAsync("jonas"), jonas.ReceivesAsync());

        Assert.That(await jonas.OffersReceivedAsync(), Is.EqualTo(1));
        Assert.That(await jonas.LostCandidatesAsync(), Is.Zero);
        await jonas.LeaveAsync();
        await Expect(alice.TileOf("jonas")).ToHaveCountAsync(0);
        Assert.That((await jonas.ComplaintsAsync()).Concat(alice.Complaints), Is.Empty);
    }

    [Test]
    public async Task A_legacy_peer_that_was_there_offers_and_is_never_offered_anything()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var jonas = await chromium.JoinLegacyAsync(server, "jonas");
        var alice = await chromium.OpenAsync(server, "alice", Lobby);

        await alice.JoinAsync();
        await Task.WhenAll(alice.ReceivesAsync("jonas"), jonas.ReceivesAsync());

        Assert.That(await jonas.OffersReceivedAsync(), Is.Zero);
        Assert.That(await jonas.AnsweredCandidatesAsync(), Is.Positive, "what comes right behind the answer is lost");
        await alice.LeaveAsync();
        await jonas.HasSeenTheOtherGoAsync();
        Assert.That((await jonas.ComplaintsAsync()).Concat(alice.Complaints), Is.Empty);
    }
}
