using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Tools.Checks;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshSignal.Tests.Tools;

/// <summary>What the check of the STUN and TURN servers finds.</summary>
internal static class Ices
{
    public const string Secret = "5ec7e70f-5ec7e70f-5ec7e70f-5ec7e70f";

    public static MeshSignalOptions Options(string url, params string[] ranges) =>
        new() { Ice = { TurnUrls = [url], TurnSecret = Secret, RelayRanges = [.. ranges] } };

    public static async Task<string[]> FindAsync(MeshSignalOptions options, TimeProvider time)
    {
        var provider = new IceServerProvider(options.Ice, new TurnSecret(options.Ice, NullLogger<TurnSecret>.Instance), time);
        var findings = new List<string>();
        await foreach (var finding in new IceCheck(options, provider, time).RunAsync())
            findings.Add(finding.ToString());
        Assert.That(findings, Has.None.Contains(Secret));
        return [.. findings];
    }
}
