using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace MeshSignal.Server.Tools.Stun;

/// <summary>Opens the way to one server, within <see cref="StunClient.Patience"/>.</summary>
internal sealed class StunConnector(TimeProvider time)
{
    /// <summary>What a browser would have against the certificate that the server has shown, last; null if nothing, or if there was none.</summary>
    public string? CertificateProblem { get; private set; }

    /// <summary>When that certificate ends.</summary>
    public DateTimeOffset? CertificateEnd { get; private set; }

    /// <exception cref="SocketException">Nothing is there.</exception>
    /// <exception cref="IOException">TLS: the other end is no such thing.</exception>
    /// <exception cref="OperationCanceledException">It takes too long.</exception>
    public async Task<StunLink> OpenAsync(IceTarget target, IPAddress address)
    {
        var server = new IPEndPoint(address, target.Port);
        if (target.Transport == IceTransport.Udp)
            return new DatagramLink(server);

        using var end = new CancellationTokenSource(StunClient.Patience, time);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server, end.Token);
            var stream = new NetworkStream(socket, ownsSocket: true);
            return new StreamLink(target.Transport == IceTransport.Tls ? await SecureAsync(stream, target.Host, end.Token) : stream);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    [SuppressMessage("Security", "CA5359:Do Not Disable Certificate Validation", Justification = "What is wrong with it is reported; and nothing is sent "
        + "that would not go over UDP as well.")]
    private async Task<SslStream> SecureAsync(Stream stream, string host, CancellationToken end)
    {
        var secure = new SslStream(stream);
        await secure.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = host,
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                {
                    Judge(certificate, chain, errors);
                    return true;
                },

                // A server must send the certificates between its own and the root: Firefox does not fetch them either.
                CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
            },
            end);
        return secure;
    }

    private void Judge(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        CertificateEnd = (certificate as X509Certificate2)?.NotAfter.ToUniversalTime();
        var problems = new List<string>();
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            problems.Add("there is none");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            problems.Add("it is for another name");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
            problems.AddRange(chain?.ChainStatus.Select(static status => status.StatusInformation.TrimEnd('.', ' ', '\n')) ?? []);
        CertificateProblem = problems.Count == 0 ? null : string.Join(", ", problems.Distinct(StringComparer.Ordinal));
    }
}
