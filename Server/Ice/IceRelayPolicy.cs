using System.Diagnostics.Metrics;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Ice;

/// <summary>What becomes of a message under the relay policy.</summary>
/// <param name="Message">As it may be passed on; null if nothing of it may.</param>
/// <param name="Findings">What was left out, and why.</param>
internal readonly record struct RelayVerdict(DirectedMessage? Message, RelayFindings Findings);

/// <summary>
/// The one place that decides what peers may tell each other where connections have to go through a relay: no offer, answer, candidate or signal with an address that
/// is not the operator's TURN server's. Only what was understood is written anew and passed; to apply it twice changes nothing more.
/// </summary>
internal sealed class IceRelayPolicy
{
    private readonly RelayAddresses _relays;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _refused;

    public IceRelayPolicy(IceOptions options, IMeterFactory meters)
    {
        _relays = RelayAddresses.From(options);
        CanRelay = IceServerProvider.HasTurn(options) && RelayAddresses.AreKnown(options);
        var meter = meters.Create("MeshSignal");
        _dropped = meter.CreateCounter<long>("meshsignal.relay_policy.candidates_dropped", "{candidate}", "Candidates that the relay policy left out");
        _refused = meter.CreateCounter<long>("meshsignal.relay_policy.messages_refused", "{message}", "Messages that the relay policy refused whole");
    }

    /// <summary>Whether calls can come about under it: there are relays, and it knows them.</summary>
    public bool CanRelay { get; }

    public RelayVerdict Apply(DirectedMessage message)
    {
        var findings = new RelayFindings();
        DirectedMessage? rebuilt = message switch
        {
            OfferMessage offer when Filter(offer.Offer.Utf8, PayloadKinds.Offer, ref findings) is { } utf8 => offer with { Offer = new(utf8) },
            AnswerMessage answer when Filter(answer.Answer.Utf8, PayloadKinds.Answer, ref findings) is { } utf8 => answer with { Answer = new(utf8) },
            CandidateMessage candidate when Filter(candidate.Candidate.Utf8, PayloadKinds.Candidate, ref findings) is { } utf8 => candidate with { Candidate = new(utf8) },
            SignalMessage signal when Filter(signal.Signal.Utf8, PayloadKinds.Signal, ref findings) is { } utf8 => signal with { Signal = new(utf8) },
            _ => null, // Also a kind that is not known here.
        };

        Count(findings, isRefused: rebuilt is null);
        return new RelayVerdict(rebuilt, findings);
    }

    private ReadOnlyMemory<byte>? Filter(ReadOnlyMemory<byte> payload, PayloadKinds kinds, ref RelayFindings findings) =>
        PayloadFilter.Filter(payload.Span, kinds, _relays, ref findings);

    private void Count(RelayFindings findings, bool isRefused)
    {
        var reason = KeyValuePair.Create("reason", (object?)findings.Text);
        if (findings.Dropped > 0)
            _dropped.Add(findings.Dropped, reason);
        else if (isRefused)
            _refused.Add(1, reason);
    }
}
