using System.Net.Sockets;
using System.Net;
using System.Text;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Tools.Stun;

namespace MeshSignal.Server.Tools.Checks;

/// <summary>An allocation on one TURN server (RFC 8656): whether there is one, where it relays from, and to whom it would. Then it is let go.</summary>
/// <param name="sharesSecret">The credentials are signed with our secret; else they are somebody's and stay.</param>
internal sealed class TurnServerCheck(MeshSignalOptions options, IceTarget target, StunClient client, bool sharesSecret, TimeProvider time)
{
    private const int Forbidden = 403;
    private const int MaxReason = 60;

    /// <summary>The machine itself, a private network, and what clouds tell their machines, also secrets. To be allowed to send there sends nothing.</summary>
    private static readonly IPAddress[] Inside = [IPAddress.Loopback, IPAddress.Parse("10.0.0.1"), IPAddress.Parse("169.254.169.254")];

    /// <summary>One that nobody has (RFC 5737), for a peer's own.</summary>
    private static readonly IPAddress Outside = IPAddress.Parse("192.0.2.1");

    private readonly RelayAddresses _relays = RelayAddresses.From(options.Ice);

    private bool IsRelayForced => options.Calls.ForceRelay || options.Calls.Rooms.Exists(static room => room.ForceRelay == true);

    /// <returns>False if nobody answers.</returns>
    public async Task<bool> RunAsync(List<Finding> findings)
    {
        if (await client.RequestAsync(StunMessage.Allocate, StunMessage.Number(StunMessage.RequestedTransport, 17 << 24)) is not { } answer)
            return false;

        if (answer.Code != 0)
        {
            findings.Add(Wrong(Refusal(answer)));
        }
        else if (answer.FindAddress(StunMessage.XorRelayedAddress)?.Address is not { } relayed)
        {
            findings.Add(Wrong("allocates, and does not say which address."));
        }
        else
        {
            if (!client.WasChallenged)
                findings.Add(Wrong("relays for anybody, without credentials. In coturn: use-auth-secret."));
            findings.AddRange(JudgeAddress(relayed));
            if (relayed.AddressFamily == AddressFamily.InterNetwork)
                await CheckPeersAsync(relayed, findings);
        }

        if (answer.Code == 0)
            await client.RequestAsync(StunMessage.Refresh, StunMessage.Number(StunMessage.Lifetime, 0));
        return true;
    }

    private string Refusal(StunMessage answer) => answer.Code switch
    {
        401 or 441 when sharesSecret && client.WasChallenged => "refuses our credentials (401). Either its static-auth-secret is not what "
            + "MeshSignal:Ice:TurnSecret or TurnSecretFile holds, "
            + $"or the clocks differ: here it is {time.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC.",
        401 or 441 when client.WasChallenged => "refuses Username and Credential of MeshSignal:Ice:StaticServers (401).",
        401 => "wants credentials, and does not say of which realm (401). In coturn: realm.",
        403 => "refuses to allocate for this machine (403).",
        437 => "says that there is such an allocation already (437). Try again in a minute.",
        442 => "does not relay over UDP (442), which calls need.",
        486 => "has no allocation left (486). In coturn: user-quota, total-quota.",
        508 => "has no port left to relay from (508). In coturn: min-port and max-port.",
        300 => "sends clients to another server (300), which browsers do not follow.",
        _ => $"refuses to allocate ({answer.Code}{Reason(answer)}).",
    };

    private IEnumerable<Finding> JudgeAddress(IPAddress relayed)
    {
        if (_relays.Contain(relayed))
            yield return Ok($"relays from {relayed}, which is in MeshSignal:Ice:RelayRanges.");
        else if (IsRelayForced && !_relays.Accept(relayed))
            yield return Wrong($"relays from {relayed}, which is not in MeshSignal:Ice:RelayRanges: with ForceRelay its candidates are dropped, and calls "
                + $"do not connect. Add it.");
        else if (options.Ice.RelayRanges.Count > 0)
            yield return Note($"relays from {relayed}, which is not in MeshSignal:Ice:RelayRanges.");
        else
            yield return Ok($"relays from {relayed}.");

        if (AddressReach.IsLocal(relayed))
            yield return Note($"peers elsewhere cannot reach {relayed}. In coturn: external-ip, if it is behind NAT.");
    }

    private async Task CheckPeersAsync(IPAddress relayed, List<Finding> findings)
    {
        var (open, odd) = (new List<IPAddress>(), new List<string>());
        var inside = Inside.Where(peer => !peer.Equals(relayed) && !_relays.Contain(peer)).ToArray(); // Where all is tried on one machine.
        foreach (var peer in inside)
        {
            var code = await PermitAsync(peer);
            if (code == 0)
                open.Add(peer);
            else if (code != Forbidden)
                odd.Add($"{peer} ({code?.ToString(null, null) ?? "no answer"})");
        }

        if (open.Count > 0)
            findings.Add(Wrong($"lets clients reach {string.Join(", ", open)} through it: your TURN server lets strangers into your network. In coturn: "
                + $"denied-peer-ip, as config/coturn.example.conf has it."));
        if (odd.Count > 0)
            findings.Add(Note($"it is not clear whether clients can reach {string.Join(", ", odd)} through it: 403 is what says no."));
        if (open.Count + odd.Count == 0)
            findings.Add(Ok($"lets nobody reach {string.Join<IPAddress>(", ", inside)} through it."));
        if (!IsRelayForced)
            return;

        if (await PermitAsync(Outside) == 0)
            findings.Add(Wrong("relays to any address, by which peers find out each other's in spite of ForceRelay. In coturn: denied-peer-ip for all, "
                + "allowed-peer-ip for the relays."));
        if (await PermitAsync(relayed) is not 0 and var refusal)
            findings.Add(Wrong($"does not relay to itself ({refusal?.ToString(null, null) ?? "no answer"}), so no relayed call connects. In coturn: "
                + $"allowed-peer-ip={relayed}."));
    }

    /// <summary>0 if it is allowed; null if there is no answer.</summary>
    private async Task<int?> PermitAsync(IPAddress peer) =>
        (await client.RequestAsync(StunMessage.CreatePermission, StunMessage.PeerAddress(new IPEndPoint(peer, 9))))?.Code;

    private Finding Ok(string text) => Finding.Ok($"{target.Url}: {text}");

    private Finding Note(string text) => Finding.Note($"{target.Url}: {text}");

    private Finding Wrong(string text) => Finding.Wrong($"{target.Url}: {text}");

    /// <summary>In the words of whoever answers, so no more of them than a terminal can bear.</summary>
    private static string Reason(StunMessage answer)
    {
        var text = Encoding.ASCII.GetString(answer.Find(StunMessage.ErrorCode) is { Length: > 4 } value ? value.AsSpan(4) : []);
        var plain = string.Concat(text.Where(static character => character is >= ' ' and <= '~').Take(MaxReason));
        return plain.Length == 0 ? "" : $" {plain}";
    }
}
