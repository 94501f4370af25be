using MeshSignal.Protocol;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Routing;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Rooms;

/// <summary>
/// The peers of one call. Every change of the roster and all that is said about it happen under one lock, as does relaying: so no peer gets an offer before
/// its own <c>webrtc-joined</c>, and no <c>webrtc-peer-left</c> overtakes a <c>webrtc-peer-joined</c>. Nothing under the lock waits: messages are only queued.
/// </summary>
internal sealed class Room(RoomName name, ICluster cluster, CallOptions options, TimeProvider time)
{
    private readonly Lock _lock = new(); // Guards all fields below, and the peers' holds and media types.
    private readonly List<Peer> _peers = []; // In the order they joined.
    private readonly Dictionary<string, Peer> _byName = new(StringComparer.Ordinal);
    private bool _isForgotten;

    public RoomName Name => name;

    /// <summary>Null if the room has just been forgotten: then there is a new one of that name.</summary>
    public Reply? TryJoin(Session session, MediaTypes mediaTypes, JoinMessage request)
    {
        lock (_lock)
        {
            if (_isForgotten)
                return null;
            if (_peers.Count >= options.MaxParticipants)
                return new Refusal(ErrorCode.RoomFull) { Text = ErrorCode.RoomFullText(options.MaxParticipants) };
            if (_peers.Exists(peer => peer.Username.Key == session.Username.Key))
                return new Refusal(ErrorCode.NameTaken);

            var newcomer = new Peer(session, this, request.PreviousPeerId, mediaTypes);
            Announce(new PeerJoinedMessage(
                name, newcomer.Username, newcomer.Id, newcomer.PreviousPeerId, session.Profile, mediaTypes, Polite: false));
            _peers.Add(newcomer);
            _byName.Add(newcomer.Username.Value, newcomer);
            session.Peer = newcomer;
            Send(newcomer, new JoinedMessage(name, newcomer.Id, RosterFor(newcomer), Config, request.Id));
            session.Scope?.Announce($"{newcomer.Username} joined voice chat");
            return Reply.Answered;
        }
    }

    /// <summary>True if nobody is left and the room is forgotten.</summary>
    public bool Leave(Peer leaver, LeaveReason reason, LeaveMessage? request)
    {
        lock (_lock)
        {
            _peers.Remove(leaver);
            _byName.Remove(leaver.Username.Value);
            leaver.Session.Peer = null;
            foreach (var peer in _peers)
                Drop(peer, leaver, peer.Forget(leaver), "peer-left");

            Announce(new PeerLeftMessage(name, leaver.Username, leaver.Id, reason));
            if (request is not null && leaver.Session.Profile == Profile.V1)
                Send(leaver, new LeftMessage(name, request.Id));
            leaver.Session.Scope?.Announce($"{leaver.Username} left voice chat");
            _isForgotten = _peers.Count == 0;
            return _isForgotten;
        }
    }

    public void ChangeMedia(Peer peer, MediaTypes mediaTypes)
    {
        lock (_lock)
        {
            peer.MediaTypes = mediaTypes;
            Announce(new MediaChangedMessage(peer.Username, mediaTypes), except: peer);
        }
    }

    /// <summary>Passes a message on to one other peer, whom the sender named, or holds it.</summary>
    public Reply Relay(Peer sender, DirectedMessage message)
    {
        lock (_lock)
        {
            if (!_byName.TryGetValue(message.TargetUsername, out var target) || (message.TargetPeerId is { } id && id != target.Id.Value))
                return new Refusal(ErrorCode.TargetNotFound);
            if (target == sender)
                return new Refusal(ErrorCode.InvalidTarget);
            if (target.Session.Profile == Profile.Legacy && InsteadOfLegacy(message) is { } reply)
                return reply;

            var encoded = MessageCodec.EncodeRelayed(message, sender.Username, sender.Id);
            if (message is CandidateMessage candidate && sender.HoldFor(target).MustHold(candidate.Buffer))
                return Hold(sender, target, candidate, encoded);
            if (!cluster.Deliver(target.Session, encoded))
                return new Refusal(ErrorCode.TargetUnavailable);

            Described(sender, target, message);
            return Reply.Done;
        }
    }

    /// <summary>Drops what has been held for too long. Called every second.</summary>
    public void ExpireHeld()
    {
        lock (_lock)
        {
            foreach (var sender in _peers)
                foreach (var (target, hold) in sender.Holds)
                    Drop(sender, target, hold.TakeExpired(time), "expired");
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _peers.Count;
        }
    }

    private RoomConfig Config => new(
        options.AllowVideo, options.AllowScreenShare, ForceRelay: false, options.MaxParticipants, [], RoomConfig.AllTransports);

    /// <summary>Whoever joined later is polite, so the newcomer is towards everybody (perfect negotiation, W3C webrtc-pc section 10.7).</summary>
    private List<Participant> RosterFor(Peer newcomer) => [.. _peers.Select(peer => new Participant(
        peer.Username, peer.Id, peer.PreviousPeerId, peer.Session.Profile, peer.MediaTypes, Participant.Connected, peer == newcomer ? null : true))];

    /// <summary>js-chat-server clients print types that they do not know, and never see a candidate without content.</summary>
    private static Reply? InsteadOfLegacy(DirectedMessage message) => message switch
    {
        SignalMessage => new Refusal(ErrorCode.InvalidTarget) { Reason = "legacy" },
        CandidateMessage { Candidate.IsEndOfCandidates: true } => Reply.Done,
        _ => (Reply?)null,
    };

    private Reply Hold(Peer sender, Peer target, CandidateMessage candidate, EncodedMessage encoded)
    {
        var held = new HeldCandidate(encoded, candidate.Id, candidate.Buffer, time.GetTimestamp());
        Drop(sender, target, sender.HoldFor(target).Add(held), "overflow");
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
            if (!cluster.Deliver(target.Session, held.Message))
                Drop(sender, target, [held], "unavailable");
    }

    /// <summary>Tells the sender what will not arrive; a legacy client would not know what to do with it.</summary>
    private void Drop(Peer sender, Peer target, IReadOnlyList<HeldCandidate> dropped, string reason)
    {
        if (sender.Session.Profile == Profile.Legacy)
            return;

        foreach (var held in dropped)
        {
            Send(sender, new ErrorMessage(
                ErrorCode.CandidateDropped.Text, ErrorCode.CandidateDropped, ErrorCode.CandidateDropped.Retryable, time.GetUtcNow(),
                MessageTypes.IceCandidate, held.Id, target.Username.Value, Dropped: 1, Reason: reason));
        }
    }

    /// <summary>Encodes once, whatever the number of receivers.</summary>
    private void Announce(ServerMessage message, Peer? except = null)
    {
        if (_peers.Count == 0)
            return;

        var encoded = MessageCodec.Encode(message);
        foreach (var peer in _peers)
            if (peer != except)
                cluster.Deliver(peer.Session, encoded);
    }

    private void Send(Peer peer, ServerMessage message) => cluster.Deliver(peer.Session, MessageCodec.Encode(message));
}
