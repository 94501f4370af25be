using System.Net;
using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>Which way a connection's packets go, by what the browser itself says.</summary>
internal static class RelayedPath
{
    private const string Look =
        """
        async connection => {
          const reports = await connection.getStats();
          const all = [...reports.values()];
          const pair = reports.get(all.find(report => report.type === 'transport')?.selectedCandidatePairId);
          return {
            local: reports.get(pair?.localCandidateId)?.candidateType,
            remote: reports.get(pair?.remoteCandidateId)?.candidateType,
            addresses: all.filter(report => report.type === 'remote-candidate').map(report => report.address),
          };
        }
        """;

    /// <summary>From relay to relay; and no other address of the peer's is known.</summary>
    public static async Task ExpectAsync(IJSHandle connection, IPAddress relay)
    {
        var path = await connection.EvaluateAsync<Path>(Look);
        Assert.That((path.Local, path.Remote), Is.EqualTo(("relay", "relay")));
        Assert.That(path.Addresses, Is.Not.Empty.And.All.EqualTo(relay.ToString()));
    }

    // Made by Playwright.
    private sealed record Path
    {
        public string? Local { get; set; }

        public string? Remote { get; set; }

        public string?[] Addresses { get; set; } = [];
    }
}
