using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Hosting;

/// <summary>The server with a certificate of its own.</summary>
internal sealed class TlsTests
{
    private readonly TemporaryFolder _folder = new();

    [TearDown]
    public void Clear() => _folder.Dispose();

    [TestCase(SslProtocols.Tls12)]
    [TestCase(SslProtocols.Tls13)]
    public async Task Present_versions_are_spoken(SslProtocols version)
    {
        await using var server = await StartAsync();
        using var stream = await ConnectAsync(server, version);

        Assert.That(stream.SslProtocol, Is.EqualTo(version));
    }

    [Test]
    public async Task Former_versions_are_not()
    {
        await using var server = await StartAsync();
#pragma warning disable SYSLIB0039, CA5397 // That they are not spoken is what is tried.
        const SslProtocols former = SslProtocols.Tls | SslProtocols.Tls11;
#pragma warning restore SYSLIB0039, CA5397

        Assert.That(async () => await ConnectAsync(server, former), Throws.InstanceOf<AuthenticationException>().Or.InstanceOf<IOException>());
    }

    [TestCase("meet.example.org", true)]
    [TestCase("localhost", false)]
    public async Task Browsers_are_told_to_stay_with_tls(string host, bool isTold)
    {
        await using var server = await StartAsync();
        using var stream = await ConnectAsync(server, SslProtocols.None);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        var response = await new StreamReader(stream).ReadToEndAsync().WaitAsync(TestPeer.Timeout);

        Assert.That(response, Does.StartWith("HTTP/1.1 200"));
        Assert.That(response.Contains("Strict-Transport-Security: max-age=", StringComparison.Ordinal), Is.EqualTo(isTold));
    }

    [Test]
    public async Task Whoever_comes_over_it_from_another_machine_gets_a_socket()
    {
        await using var server = await StartAsync(("urls", "https://0.0.0.0:0"));
        using var stream = await ConnectAsync(server, SslProtocols.None, Elsewhere.Address);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(string.Join("\r\n", ["GET / HTTP/1.1", .. RawSocket.UpgradeFields, "", ""])));

        Assert.That(await new StreamReader(stream).ReadLineAsync().WaitAsync(TestPeer.Timeout), Does.StartWith("HTTP/1.1 101"));
        Assert.That(server.Log.Lines, Has.None.Contains("has no TLS"));
    }

    /// <summary>Before TLS nothing can be said to a client.</summary>
    [Test]
    public async Task A_connection_too_many_is_closed_before_the_handshake()
    {
        await using var server = await StartAsync(
            Budgets.Default, ("MeshSignal:Limits:ExemptLoopback", "false"), ("MeshSignal:Limits:MaxConnections", "1"));
        using var first = await ConnectAsync(server, SslProtocols.None);
        using var second = await RawSocket.ConnectAsync(server.Port);

        Assert.That(await second.ReadToEndAsync(), Is.Zero);
        Assert.That(server.Log.Lines, Has.One.Contains("More connections that are no sockets than the limits allow"));
    }

    private static async Task<SslStream> ConnectAsync(RealServer server, SslProtocols version, string address = "127.0.0.1")
    {
        var client = new TcpClient();
        await client.ConnectAsync(address, server.Port);
#pragma warning disable CA5359 // The certificate is this test's own.
        var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, static (_, _, _, _) => true);
#pragma warning restore CA5359
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = version });
        return stream;
    }

    private async Task<RealServer> StartAsync(params (string, string)[] settings)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        var (path, keyPath) = (_folder.PathOf("tls.crt"), _folder.PathOf("tls.key"));
        await File.WriteAllTextAsync(path, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyPath, key.ExportPkcs8PrivateKeyPem());
        return await RealServer.StartAsync(
            [("urls", "https://127.0.0.1:0"), .. settings, ("Kestrel:Certificates:Default:Path", path), ("Kestrel:Certificates:Default:KeyPath", keyPath)]);
    }
}
