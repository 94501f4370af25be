using System.Globalization;
using System.Text.RegularExpressions;
using MeshSignal.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace MeshSignal.Tests.Browser;

/// <summary>What the page tells of its connections to those who ask for it by <c>?stats</c>.</summary>
[NonParallelizable] // Media takes processor time; two of these at once would be measured against each other.
internal sealed partial class FiguresTests
{
    private const string CountStats =
        """
        window.counted = 0;
        const original = RTCPeerConnection.prototype.getStats;
        RTCPeerConnection.prototype.getStats = function (...of) {
          counted++;
          return original.apply(this, of);
        };
        """;

    /// <summary>What the browser itself says of the pair in use.</summary>
    private const string Ends =
        """
        async connection => {
          const reports = await connection.getStats();
          const transport = [...reports.values()].find(({ type }) => type === 'transport');
          const pair = reports.get(transport.selectedCandidatePairId);
          return [pair.localCandidateId, pair.remoteCandidateId].map(id => reports.get(id).candidateType);
        }
        """;

    [Test]
    public async Task Who_asks_for_figures_sees_those_of_the_call_and_others_see_none()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice");
        var bob = await chromium.OpenAsync(server, "bob", beforeLoad: CountStats);
        await alice.Tab.GotoAsync($"{alice.Tab.Url}&stats");
        await alice.JoinAsync();
        await bob.JoinAsync();

        // At first there is nothing yet to compare with, so nothing seems to flow.
        var shown = alice.TileOf("bob").Locator(".figures");
        await Expect(shown).ToHaveTextAsync(Flowing());
        var figures = Flowing().Match(await shown.InnerTextAsync());

        Assert.That(Number(figures, "rtt"), Is.InRange(0, 1_000), "milliseconds on one machine");
        Assert.That(new[] { Number(figures, "up"), Number(figures, "down") }, Is.All.InRange(0.01, 20), "Mbit/s of a voice and a picture");
        var ends = await (await alice.ConnectionToAsync("bob")).EvaluateAsync<string[]>(Ends);
        Assert.That(new[] { figures.Groups["local"].Value, figures.Groups["remote"].Value }, Is.EqualTo(ends));
        Assert.That(await shown.InnerTextAsync(), Does.Not.Match(@"\d+\.\d+\.\d+\.\d+|\.local"), "no address");

        await bob.Tab.WaitForFunctionAsync("() => counted >= 3"); // once for the path, and then every time the page looks
        await Expect(bob.TileOf("alice")).ToBeVisibleAsync();
        Assert.That(await bob.Tab.Locator(".figures").AllInnerTextsAsync(), Is.All.Empty);
        await Expect(bob.Tab.Locator(".figures:visible")).ToHaveCountAsync(0);
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    private static double Number(Match figures, string name) => double.Parse(figures.Groups[name].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^round-trip (?<rtt>\d+) ms\s+↑ (?<up>(?!0\.00)\d+\.\d+) ↓ (?<down>(?!0\.00)\d+\.\d+) Mbit/s\s+"
            + "(?<local>host|srflx|prflx|relay) → (?<remote>host|srflx|prflx|relay), (?:udp|tcp|tls)",
        RegexOptions.None,
        matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Flowing();
}
