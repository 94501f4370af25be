using MeshSignal.Protocol;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Routing;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Rooms;

/// <summary>
/// Carries messages between the peers of one room: under the policies on media and relays, candidates never before their description; and tells a sender what
/// will not arrive. Everything in it is called under the room's lock.
/// </summary>
internal sealed partial class Courier(ICluster cluster, IceRelayPolicy relayPolicy, TimeProvider time, ILogger<Courier> log)
{
    /// <summary>Passes a message on, or holds it.</summary>
    public Reply Carry(Peer sender, Peer target, DirectedMessage message)
    {
        if (message is SignalMessage && target.Session.Profile == Profile.Legacy)
            return new Refusal(ErrorCode.InvalidTarget) { Reason = "legacy" }; // It would print what it does not know.

        if (!MediaPolicy.Allows(sender.AllowedMedia, message))
            return RefuseMedia(sender, target, message);

        if (MustRelay(sender, target))
        {
            var verdict = relayPolicy.Apply(message);
            var refusal = Report(sender, target, message, verdict);
            if (verdict.Message is null)
                return refusal is null ? Reply.Done : refusal; // What has no answer of its own is counted, and told with others.
            message = verdict.Message;
        }

        // No legacy client ever got a candidate without content.
        if (target.Session.Profile == Profile.Legacy && message is CandidateMessage { Candidate.IsEndOfCandidates: true })
            return Reply.Done;
        if (message is CandidateMessage candidate && sender.HoldFor(target).MustHold(candidate.Buffer))
            return Hold(sender, target, candidate);
        if (!Deliver(sender, target, message))
            return new Refusal(ErrorCode.TargetUnavailable);

        Described(sender, target, message);
        return Reply.Done;
    }

    /// <summary>The leaver gets nothing more of what this peer has sent it.</summary>
    public void Forget(Peer peer, Peer leaver)
    {
        Drop(peer, leaver, peer.Forget(leaver), "peer-left");
        peer.RelayReport.Forget(leaver);
    }

    /// <summary>What has been held too long, and what the policy has kept back meanwhile. Called every second.</summary>
    public void KeepUp(Peer sender)
    {
        foreach (var (target, hold) in sender.Holds)
            if (sender.Status == PeerStatus.Connected && target.Status == PeerStatus.Connected)
                Drop(sender, target, hold.TakeExpired(time), "expired");

        TellDropped(sender);
        if (sender.Session.Profile == Profile.Legacy && sender.RelayReport.FoundNoRelay)
            TellUnavailable(sender, null, MessageTypes.IceCandidate);
    }

    public void Send(Peer peer, ServerMessage message) => cluster.Deliver(peer.Session, MessageCodec.Encode(message));

    /// <summary>Where one of two must not connect directly, neither may: a direct path shows both ends.</summary>
    private static bool MustRelay(Peer sender, Peer target) => sender.MustRelay || target.MustRelay;

    private bool Deliver(Peer sender, Peer target, DirectedMessage message) =>
        cluster.Deliver(target.Session, MessageCodec.EncodeRelayed(message, sender.Username, sender.Id));

    private Reply Hold(Peer sender, Peer target, CandidateMessage candidate)
    {
        Drop(sender, target, sender.HoldFor(target).Add(new HeldCandidate(candidate.Detach(), time.GetTimestamp())), "overflow");
        return Reply.Done;
    }

    /// <summary>Follows offers and answers, and lets go what waited for them.</summary>
    private void Described(Peer sender, Peer target, DirectedMessage message)
    {
        if (message is not (OfferMessage or AnswerMessage))
            return;

        var (sent, received) = (sender.HoldFor(target), target.HoldFor(sender));
        if (message is OfferMessage)
        {
            sent.Offered();
        }
        else
        {
            // Whoever answers while its own offer is open has rolled that offer back (RFC 9429 section 4.1.10.2), and its candidates with it.
            if (sent.IsOfferOpen)
                Drop(sender, target, sent.TakeAll(), "rolled-back");
            sent.OfferClosed();
            sent.Answered();
            received.OfferClosed();
        }

        Release(sender, target);
        Release(target, sender);
    }

    private void Release(Peer sender, Peer target)
    {
        foreach (var held in sender.HoldFor(target).TakeReleased())
        {
            // What was kept is judged again on its way out: that nothing passes by the policy does not depend on who could have put it there.
            var message = MustRelay(sender, target) ? relayPolicy.Apply(held.Message).Message : held.Message;
            if (message is null || !Deliver(sender, target, message))
                Drop(sender, target, [held], "unavailable");
        }
    }

    /// <summary>Tells the sender what will not arrive; a legacy client would not know what to do with it.</summary>
    private void Drop(Peer sender, Peer target, IReadOnlyList<HeldCandidate> dropped, string reason)
    {
        if (sender.Session.Profile == Profile.Legacy)
            return;

        foreach (var held in dropped)
            Tell(sender, ErrorCode.CandidateDropped, MessageTypes.IceCandidate, held.Message.Id, target, dropped: 1, reason);
    }

    /// <summary>Whoever waits for an answer is told, too, that this one does not come: it would wait for good.</summary>
    private Refusal RefuseMedia(Peer sender, Peer target, DirectedMessage message)
    {
        LogMediaRefused(sender.Session.Id, message.Type);
        if (message is AnswerMessage && target.HoldFor(sender).IsOfferOpen)
        {
            var text = $"The answer of {sender.Username} was refused: it sends media that is not allowed";
            Tell(target, ErrorCode.MediaNotAllowed, message.Type, null, sender, null, "peer", text);
        }

        return new Refusal(ErrorCode.MediaNotAllowed);
    }

    /// <summary>What the relay policy found. One that is refused whole has its own answer; candidates that are left out are told together.</summary>
    private Refusal? Report(Peer sender, Peer target, DirectedMessage message, RelayVerdict verdict)
    {
        var findings = verdict.Findings;
        if (verdict.Message is null)
            LogRefused(sender.Session.Id, message.Type, findings.Text);
        if (sender.RelayReport.Follow(target, findings))
            TellUnavailable(sender, target, message.Type);

        // A request with an id gets an answer of its own, and a message that is not understood one too.
        if (verdict.Message is null && (message.Id is not null || findings.Dropped == 0))
            return new Refusal(ErrorCode.RelayPolicy) { Reason = findings.Text, Dropped = findings.Dropped == 0 ? null : findings.Dropped };

        sender.RelayReport.Add(findings);
        TellDropped(sender);
        return null;
    }

    private void TellDropped(Peer sender)
    {
        if (sender.Session.Profile == Profile.V1 && sender.RelayReport.TryTake(out var dropped, out var reasons))
            Tell(sender, ErrorCode.RelayPolicy, MessageTypes.IceCandidate, null, null, dropped, RelayFindings.TextOf(reasons));
    }

    private void TellUnavailable(Peer sender, Peer? target, string requestType)
    {
        if (sender.Session.Profile == Profile.Legacy)
        {
            if (sender.RelayReport.IsLegacyPeerTold)
                return;
            sender.RelayReport.IsLegacyPeerTold = true;
        }

        Tell(sender, ErrorCode.RelayUnavailable, requestType, null, target, null, null);
    }

    private void Tell(Peer peer, ErrorCode code, string requestType, RequestId? id, Peer? about, int? dropped, string? reason, string? text = null) =>
        Send(peer, new ErrorMessage(
            text ?? code.Text, code, code.Retryable, time.GetUtcNow(), requestType, id, about?.Username.Value, Dropped: dropped, Reason: reason));

    [LoggerMessage(LogLevel.Debug, "Session {Session}: a {MessageType} sends media that is not allowed")]
    private partial void LogMediaRefused(SessionId session, string messageType);

    [LoggerMessage(LogLevel.Debug, "Session {Session}: the relay policy passed nothing of a {MessageType}: {Reasons}")]
    private partial void LogRefused(SessionId session, string messageType, string? reasons);
}
