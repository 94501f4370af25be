using MeshSignal.Protocol;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Routing;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Rooms;

/// <summary>
/// The peers of one call. Every change of the roster and all that is said about it happen under one lock, as does relaying: so no peer gets an offer before
/// its own <c>webrtc-joined</c>, and no <c>webrtc-peer-left</c> overtakes a <c>webrtc-peer-joined</c>. Nothing under the lock waits: messages are only queued.
/// </summary>
internal sealed class Room(RoomName name, RoomPolicy initialPolicy, ICluster cluster, Courier courier, IceServerProvider iceServers, TimeProvider time)
{
    // Of their life after which credentials are told anew: time enough for a restart of ICE with the new ones before the old ones end.
    private const double FreshPart = 0.8;

    private readonly Lock _lock = new(); // Guards all fields below, and what the peers say that it guards.
    private readonly List<Peer> _peers = []; // In the order they joined.
    private readonly Dictionary<string, Peer> _byName = new(StringComparer.Ordinal);
    private RoomPolicy _policy = initialPolicy;
    private bool _isForgotten;

    public RoomName Name => name;

    public bool ForcesRelay
    {
        get
        {
            lock (_lock)
                return _policy.ForceRelay;
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

    /// <summary>Something about each peer, in the order they joined, all as of one moment.</summary>
    public IReadOnlyList<T> Describe<T>(Func<Peer, T> describe)
    {
        lock (_lock)
            return [.. _peers.Select(describe)];
    }

    /// <summary>Null if nobody here has that name, which is matched exactly.</summary>
    public Peer? Find(string username)
    {
        lock (_lock)
            return _byName.GetValueOrDefault(username);
    }

    /// <summary>Null if the room has just been forgotten: then there is a new one of that name.</summary>
    public Reply? TryJoin(Session session, JoinMessage request)
    {
        lock (_lock)
        {
            if (_isForgotten)
                return null;

            // A legacy client without any media would wait for a call that nobody can have with it; a v1 client may come to watch.
            var newcomer = new Peer(session, this, _policy, request, time);
            if (newcomer.MediaTypes == MediaTypes.None && session.Profile == Profile.Legacy)
                return new Refusal(ErrorCode.NoMediaTypes);
            if (_peers.Count >= _policy.MaxParticipants)
                return new Refusal(ErrorCode.RoomFull) { Text = ErrorCode.RoomFullText(_policy.MaxParticipants) };
            if (_peers.Exists(peer => peer.Username.Key == session.Username.Key))
                return new Refusal(ErrorCode.NameTaken);

            AnnounceJoined(newcomer);
            _peers.Add(newcomer);
            _byName.Add(newcomer.Username.Value, newcomer);
            session.Peer = newcomer;
            courier.Send(newcomer, new JoinedMessage(name, newcomer.Id, RosterFor(newcomer), ConfigFor(newcomer), request.Id));
            session.Scope?.AnnouncePresence($"{newcomer.Username} joined voice chat");
            return Reply.Answered;
        }
    }

    /// <summary>True if nobody is in it, and the room is forgotten.</summary>
    public bool TryForget()
    {
        lock (_lock)
            return _isForgotten = _peers.Count == 0;
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
                courier.Forget(peer, leaver);

            Announce(new PeerLeftMessage(name, leaver.Username, leaver.Id, reason));
            if (request is not null && leaver.Session.Profile == Profile.V1)
                courier.Send(leaver, new LeftMessage(name, request.Id));
            leaver.Session.Scope?.AnnouncePresence($"{leaver.Username} left voice chat");
            _isForgotten = _peers.Count == 0;
            return _isForgotten;
        }
    }

    public void ChangeMedia(Peer peer, MediaTypes mediaTypes)
    {
        lock (_lock)
        {
            peer.MediaTypes = mediaTypes;
            Announce(new MediaChangedMessage(peer.Username, mediaTypes), other => other != peer);
        }
    }

    /// <summary>
    /// Forces relays from now on, or no more, as long as somebody is here. v1 peers are told before they get anything else; legacy ones have no message for it, and find it in
    /// what they are told of the next newcomer.
    /// </summary>
    /// <returns>False if that holds already; null if the room has just been forgotten.</returns>
    public bool? ForceRelay(bool isForced)
    {
        lock (_lock)
        {
            if (_isForgotten)
                return null;
            if (_policy.ForceRelay == isForced)
                return false;

            _policy = _policy with { ForceRelay = isForced };
            foreach (var peer in _peers)
            {
                peer.Follow(isForced);
                if (isForced)
                    peer.Session.DropRelayed();
            }

            foreach (var peer in _peers.Where(static peer => peer.Session.Profile == Profile.V1))
                courier.Send(peer, new PolicyChangedMessage(ConfigFor(peer)));

            return true;
        }
    }

    /// <summary>Passes a message on to one other peer, whom the sender named, or holds it.</summary>
    public Reply Relay(Peer sender, DirectedMessage message)
    {
        lock (_lock)
        {
            if (!_byName.TryGetValue(message.TargetUsername, out var target) || (message.TargetPeerId is { } id && id != target.Id.Value))
                return new Refusal(ErrorCode.TargetNotFound);

            return target == sender ? new Refusal(ErrorCode.InvalidTarget) : courier.Carry(sender, target, message);
        }
    }

    /// <summary>A peer's socket is lost, and its session waits for it. To legacy peers it is simply still there.</summary>
    public void Lost(Peer peer)
    {
        lock (_lock)
            SetStatus(peer, PeerStatus.Reconnecting);
    }

    /// <summary>A peer has come back and been given what it missed. Its credentials may have ended meanwhile.</summary>
    public void Resumed(Peer peer)
    {
        lock (_lock)
        {
            if (peer.Status == PeerStatus.Reconnecting)
            {
                PostponeHeld(peer);
                SetStatus(peer, PeerStatus.Connected);
            }

            if (peer.IceServersDueAt is not null)
                SendIceServers(peer, null);
        }
    }

    /// <param name="request">Null if nobody asked.</param>
    public void SendIceServers(Peer peer, IceServersRequest? request)
    {
        lock (_lock)
        {
            var (servers, ttlMs) = IceServersFor(peer);
            courier.Send(peer, new IceServersMessage(servers, ttlMs, request?.Id));
        }
    }

    /// <summary>What is due: for held candidates to be dropped, for peers to be told, for credentials to be renewed. Called every second.</summary>
    public void KeepUp()
    {
        lock (_lock)
        {
            foreach (var peer in _peers)
            {
                courier.KeepUp(peer);
                if (peer.Session.Profile == Profile.V1 && peer.Status == PeerStatus.Connected && peer.IceServersDueAt <= time.GetTimestamp())
                    SendIceServers(peer, null);
            }
        }
    }

    private void SetStatus(Peer peer, PeerStatus status)
    {
        (peer.Status, peer.StatusSince) = (status, time.GetTimestamp());
        Announce(new PeerStatusMessage(peer.Username, peer.Id, status), other => other != peer && other.Session.Profile == Profile.V1);
    }

    /// <summary>Held candidates do not age while one of the two is away.</summary>
    private void PostponeHeld(Peer peer)
    {
        foreach (var other in _peers)
        {
            if (other == peer)
                continue;

            // The time that the other is away too is counted when that one comes back.
            var until = other.Status == PeerStatus.Reconnecting ? Math.Max(peer.StatusSince, other.StatusSince) : time.GetTimestamp();
            peer.HoldFor(other).Postpone(peer.StatusSince, until);
            other.HoldFor(peer).Postpone(peer.StatusSince, until);
        }
    }

    private (IReadOnlyList<IceServer> Servers, int? TtlMs) IceServersFor(Peer peer)
    {
        var list = iceServers.For(peer.Session.Id, relayOnly: peer.MustRelay);
        peer.IceServersDueAt = list.Lifetime is { } lifetime ? time.GetTimestamp() + (long)(lifetime.TotalSeconds * FreshPart * time.TimestampFrequency) : null;
        return (list.Servers, list.TtlMs);
    }

    private RoomConfig ConfigFor(Peer peer)
    {
        var (servers, ttlMs) = IceServersFor(peer);
        return new RoomConfig(
            peer.AllowedMedia.HasFlag(MediaTypes.Video), peer.AllowedMedia.HasFlag(MediaTypes.Screen), peer.MustRelay, _policy.MaxParticipants, servers,
            peer.MustRelay ? RoomConfig.RelayOnly : RoomConfig.AllTransports, ttlMs);
    }

    /// <summary>Whoever joined later is polite, so the newcomer is towards everybody (perfect negotiation, W3C webrtc-pc section 10.7).</summary>
    private List<Participant> RosterFor(Peer newcomer) => [.. _peers.Select(peer => new Participant(
        peer.Username, peer.Id, peer.PreviousPeerId, peer.Session.Profile, peer.MediaTypes, peer.Status, peer == newcomer ? null : true))];

    /// <summary>To legacy peers with fresh credentials, each its own: they have no other way to get any.</summary>
    private void AnnounceJoined(Peer newcomer)
    {
        var joined = new PeerJoinedMessage(
            name, newcomer.Username, newcomer.Id, newcomer.PreviousPeerId, newcomer.Session.Profile, newcomer.MediaTypes, Polite: false);
        Announce(joined, static peer => peer.Session.Profile == Profile.V1);
        foreach (var peer in _peers)
            if (peer.Session.Profile == Profile.Legacy)
                courier.Send(peer, joined with { Config = ConfigFor(peer) });
    }

    /// <summary>Encodes once, whatever the number of receivers.</summary>
    private void Announce(ServerMessage message, Func<Peer, bool>? isMeant = null)
    {
        EncodedMessage? encoded = null;
        foreach (var peer in _peers)
            if (isMeant is null || isMeant(peer))
                cluster.Deliver(peer.Session, encoded ??= MessageCodec.Encode(message));
    }
}
