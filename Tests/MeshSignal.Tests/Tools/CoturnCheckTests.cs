using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshSignal.Tests.Support;
using MeshSignal.Tests.Turn;

namespace MeshSignal.Tests.Tools;

/// <summary>What is said about a real TURN server.</summary>
internal sealed class CoturnCheckTests
{
    [TestCase("udp")]
    [TestCase("tcp")]
    public async Task The_example_settings_are_found_good(string transport)
    {
        await using var coturn = await Coturn.StartAsync();
        var url = $"turn:{coturn.EndPoint}?transport={transport}";
        Assert.That(await FindAsync(url), Is.EqualTo([
            $"ok     {url}: relays from {Coturn.RelayAddress}, which is in MeshSignal:Ice:RelayRanges.",
            $"ok     {url}: lets nobody reach 127.0.0.1, 10.0.0.1, 169.254.169.254 through it.",
        ]));
    }

    /// <summary>There is one allocation to be had, which would stay for ten minutes; to let go of it takes coturn a moment.</summary>
    [Test]
    public async Task Nothing_stays_allocated()
    {
        await using var coturn = await Coturn.StartAsync(static settings => settings.Select(
            static line => line.StartsWith("total-quota=", StringComparison.Ordinal) ? "total-quota=1" : line));
        for (var i = 0; i < 3; i++)
            await Eventually.IsAsync("ok ", async () => (await FindAsync($"turn:{coturn.EndPoint}"))[0][..3]);
    }

    [Test]
    public async Task Another_secret_is_found_out()
    {
        await using var coturn = await Coturn.StartAsync("another-secret-than-the-server-has");
        Assert.That((await FindAsync($"turn:{coturn.EndPoint}")).Single(), Does.StartWith($"wrong  turn:{coturn.EndPoint}: refuses our credentials (401)."));
    }

    [Test]
    public async Task Clocks_that_differ_are_found_out()
    {
        await using var coturn = await Coturn.StartAsync();
        Assert.That((await FindAsync($"turn:{coturn.EndPoint}", new YesterdayClock())).Single(), Does.Contain("or the clocks differ: here it is "));
    }

    [Test]
    public async Task A_server_without_the_peer_lines_is_found_out()
    {
        await using var coturn = await Coturn.StartWithoutAsync("denied-peer-ip", "allowed-peer-ip");
        var findings = await FindAsync($"turn:{coturn.EndPoint}");
        Assert.That(findings, Has.One.Contains("lets clients reach 10.0.0.1, 169.254.169.254 through it").And.One.Contains("relays to any address"));
    }

    [Test]
    public async Task A_relay_that_is_not_allowed_itself_is_found_out()
    {
        await using var coturn = await Coturn.StartWithoutAsync("allowed-peer-ip");
        Assert.That(await FindAsync($"turn:{coturn.EndPoint}"), Has.One.StartsWith($"wrong  turn:{coturn.EndPoint}: does not relay to itself (403)"));
    }

    [Test]
    public async Task A_server_without_credentials_is_found_out()
    {
        await using var coturn = await Coturn.StartAsync(static settings => settings
            .Where(static line => line is not "use-auth-secret" && !line.StartsWith("static-auth-secret", StringComparison.Ordinal)).Append("no-auth"));
        Assert.That(await FindAsync($"turn:{coturn.EndPoint}"), Has.One.StartsWith($"wrong  turn:{coturn.EndPoint}: relays for anybody"));
    }

    [Test]
    public async Task Over_TLS_the_certificate_is_judged_and_the_rest_as_well()
    {
        using var folder = new TemporaryFolder();
        WriteCertificate(folder.PathOf("cert.pem"), folder.PathOf("key.pem"));
        await using var coturn = await Coturn.StartAsync(settings => settings
            .Where(static line => line is not "no-tls").Concat([$"cert={folder.PathOf("cert.pem")}", $"pkey={folder.PathOf("key.pem")}"]));
        var url = $"turns:{coturn.EndPoint}?transport=tcp";
        var findings = await FindAsync(url);
        Assert.That(findings, Has.Length.EqualTo(3));
        Assert.That(findings[0], Does.StartWith($"wrong  {url}: browsers will refuse its certificate: it is for another name, "));
        Assert.That(findings[1..], Has.All.StartsWith($"ok     {url}: "));
    }

    private static Task<string[]> FindAsync(string url, TimeProvider? time = null)
    {
        var options = Ices.Options(url, $"{Coturn.RelayAddress}");
        options.Ice.TurnSecret = Coturn.Secret;
        options.Calls.ForceRelay = true;
        return Ices.FindAsync(options, time ?? TimeProvider.System);
    }

    private static void WriteCertificate(string path, string keyPath)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=turn.example.org", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(365));
        File.WriteAllText(path, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
    }

    private sealed class YesterdayClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddDays(-1);
    }
}
