using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshSignal.Server.Hosting;
using MeshSignal.Tests.Support;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace MeshSignal.Tests.Transport;

/// <summary>What Kestrel is told, seen from outside. Its own defaults would be 130 s for a silent socket, and HTTP/2 for whoever asks.</summary>
internal sealed class WebServerLimitTests
{
    [TestCase("")]
    [TestCase("GET / HTTP/1.1\r\nHost: local")]
    public async Task Socket_that_never_finishes_a_request_is_closed(string sent)
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await RawSocket.ConnectAsync(server.Port);
        await peer.SendAsync(System.Text.Encoding.ASCII.GetBytes(sent));

        // A request that was begun is answered with 408; one that was not, with nothing.
        var end = await peer.ReadToEndAsync();
        Assert.That(end, sent.Length == 0 ? Is.Zero : Is.Positive);
    }

    [Test]
    public async Task Handshakes_that_trickle_in_end_and_keep_nobody_out()
    {
        await using var server = await RealServer.StartAsync();
        var peers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => RawSocket.ConnectAsync(server.Port)));
        try
        {
            var ends = peers.Select(TrickleAsync).ToList();
            using var other = await server.ConnectAsync("alice");
            await other.ExpectNothingAsync();

            // Each byte that arrives in time does not make the time any longer.
            Assert.That(await Task.WhenAll(ends), Is.All.Positive, "answered with 408");
            await other.ExpectNothingAsync();
        }
        finally
        {
            foreach (var peer in peers)
                peer.Dispose();
        }
    }

    /// <summary>Seen from outside, each of these would do with twice as much.</summary>
    [Test]
    public async Task Its_figures_are_those_that_are_promised()
    {
        await using var server = await RealServer.StartAsync();
        var limits = server.Get<IOptions<KestrelServerOptions>>().Value.Limits;
        var https = new HttpsConnectionAdapterOptions();
        WebServer.ConfigureTls(https);

        using var scope = Assert.EnterMultipleScope();
        Assert.That(new[] { limits.RequestHeadersTimeout, limits.KeepAliveTimeout, https.HandshakeTimeout }, Is.All.EqualTo(TimeSpan.FromSeconds(5)));
        Assert.That((limits.MaxRequestHeadersTotalSize, limits.MaxRequestHeaderCount), Is.EqualTo((8192, 64)));
        Assert.That(server.Get<IOptions<SocketTransportOptions>>().Value.Backlog, Is.EqualTo(4096));
    }

    [Test]
    public async Task Http2_is_not_spoken_over_tls_either()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var file = Path.Combine(Path.GetTempPath(), $"meshsignal-{Guid.NewGuid():N}.pfx");
        await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx));
        try
        {
            await using var server = await RealServer.StartAsync(("urls", "https://127.0.0.1:0"), ("Kestrel:Certificates:Default:Path", file));
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, server.Port);
            await using var tls = new SslStream(socket.GetStream());
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                RemoteCertificateValidationCallback = (_, presented, _, _) => presented!.GetCertHashString() == certificate.GetCertHashString(),
            });
            Assert.That(tls.NegotiatedApplicationProtocol, Is.EqualTo(SslApplicationProtocol.Http11));
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>A request of which another byte comes each second. It has to be real time: the web server's own clock judges it.</summary>
    private static async Task<int> TrickleAsync(RawSocket peer)
    {
        var end = peer.ReadToEndAsync();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        foreach (var value in System.Text.Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {new string('a', 100)}"))
        {
            try
            {
                await peer.SendAsync([value]);
            }
            catch (SocketException)
            {
                break; // Closed meanwhile.
            }

            var tick = timer.WaitForNextTickAsync().AsTask();
            if (await Task.WhenAny(end, tick) == end)
                break;
        }

        return await end;
    }
}
