using System.Net.Sockets;
using System.Net;
using System.Security.Authentication;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Tools.Stun;

namespace MeshSignal.Server.Tools.Checks;

/// <summary>Uses the STUN and TURN servers as a peer would, with what a peer would be told.</summary>
internal sealed class IceCheck(MeshSignalOptions options, IceServerProvider provider, TimeProvider time)
{
    private const int MaxAddresses = 3;

    /// <summary>For each server in turn, so that none is asked for more than one allocation at a time.</summary>
    public async IAsyncEnumerable<Finding> RunAsync()
    {
        var servers = provider.For(SessionId.New(), relayOnly: false).Servers;
        if (options.Calls.Enabled && !servers.SelectMany(static server => server.Urls).Any(IceUrl.IsTurn))
            yield return Finding.Note("No TURN server (Ice:TurnUrls): between some networks calls will not connect.");

        foreach (var server in servers)
            foreach (var url in server.Urls)
                foreach (var finding in await CheckAsync(IceTarget.Parse(url), server))
                    yield return finding;
    }

    private async Task<IReadOnlyList<Finding>> CheckAsync(IceTarget target, IceServer server)
    {
        if (target.Transport == IceTransport.Dtls)
            return [Finding.Note($"{target.Url}: not tried. TLS over UDP is unknown here, and to most browsers.")];

        var problem = "";
        var addresses = await ResolveAsync(target.Host);
        if (addresses.Length == 0)
            return [Finding.Wrong($"{target.Url}: {target.Host} has no address in DNS, as seen from here.")];

        foreach (var address in addresses)
        {
            var connector = new StunConnector(time);
            try
            {
                using var link = await connector.OpenAsync(target, address);
                var client = new StunClient(link, target.IsTurn ? new TurnCredentials(server.Username ?? "", server.Credential ?? "") : null, time);
                List<Finding> findings = [.. CertificateFindings(target, connector)];
                if (await IsAnsweredAsync(target, server, client, findings))
                    return findings;

                problem = client.HasHeardGarbage ? $"what answers at {address} port {target.Port} is no {Kind(target)} server"
                    : $"no answer from {address} within {StunClient.Patience.TotalSeconds:0} s";
            }
            catch (OperationCanceledException)
            {
                problem = $"no connection to {address} within {StunClient.Patience.TotalSeconds:0} s";
            }
            catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
            {
                problem = $"{address} cannot be reached: {e.Message.TrimEnd('.')}";
            }
        }

        return [Finding.Wrong($"{target.Url}: {problem}. Is it running, and is {(target.Transport == IceTransport.Udp ? "UDP" : "TCP")} {target.Port} open "
            + $"to here and to clients?")];
    }

    private async Task<bool> IsAnsweredAsync(IceTarget target, IceServer server, StunClient client, List<Finding> findings)
    {
        // Those who share our secret are the ones that are given what it signs.
        if (target.IsTurn)
        {
            var sharesSecret = ReferenceEquals(server.Urls, options.Ice.TurnUrls);
            return await new TurnServerCheck(options, target, client, sharesSecret, time).RunAsync(findings);
        }

        if (await client.RequestAsync(StunMessage.Binding) is not { } answer)
            return false;

        findings.Add(answer.FindAddress(StunMessage.XorMappedAddress) is { } mapped ? Finding.Ok($"{target.Url}: answers; it sees this machine as "
            + $"{mapped.Address}.")
            : Finding.Wrong($"{target.Url}: answers without an address (code {answer.Code}), so clients learn nothing from it."));
        return true;
    }

    private IEnumerable<Finding> CertificateFindings(IceTarget target, StunConnector connector)
    {
        if (connector.CertificateProblem is { } problem)
            yield return Finding.Wrong($"{target.Url}: browsers will refuse its certificate: {problem}.");
        else if (connector.CertificateEnd is { } end && end - time.GetUtcNow() < CertificateCheck.Soon)
            yield return Finding.Note($"{target.Url}: its certificate ends on {end:yyyy-MM-dd}. Renew it.");
    }

    private static string Kind(IceTarget target) => target.IsTurn ? "TURN" : "STUN";

    /// <summary>Those that a client would try; a name has perhaps one of a kind that does not work from here.</summary>
    private async Task<IPAddress[]> ResolveAsync(string host)
    {
        if (IPAddress.TryParse(host, out var address))
            return [address];

        using var end = new CancellationTokenSource(StunClient.Patience, time);
        try
        {
            return [.. (await Dns.GetHostAddressesAsync(host, end.Token)).Distinct().Take(MaxAddresses)];
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return [];
        }
    }
}
