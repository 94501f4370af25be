using System.Text.Json.Serialization;

namespace MeshSignal.Protocol;

/// <summary>A message from the server, but for the relayed ones, which <see cref="MessageCodec.EncodeRelayed"/> writes around what the sender sent.</summary>
public abstract record ServerMessage
{
    private protected ServerMessage(string type) => Type = type;

    /// <summary>One of <see cref="MessageTypes"/>. The first member on the wire.</summary>
    [JsonPropertyOrder(-1)]
    public string Type { get; }

    /// <summary>Only the kind: a session token must not end in a log.</summary>
    public sealed override string ToString() => GetType().Name;
}

/// <param name="Token">64 lower-case hex digits, 32 random bytes.</param>
/// <param name="Username">The name that the session got.</param>
/// <param name="Protocol">What was agreed on.</param>
/// <param name="Resumed">Whether the session existed before this socket.</param>
/// <param name="ResumeGraceMs">How long a session outlives its socket, in milliseconds.</param>
/// <param name="Reason">Why a session that was asked for is not resumed.</param>
/// <param name="Features">What this server offers beyond the message types of the legacy profile.</param>
public sealed record SessionTokenMessage(
    string Token, Username Username, Profile Protocol, bool Resumed, int ResumeGraceMs, IReadOnlyList<string> Features, string? Reason = null) : ServerMessage(MessageTypes.SessionToken);

/// <param name="Interval">How often a client should send a <c>ping</c>, in milliseconds.</param>
/// <param name="Timeout">The longest silence after which a socket is closed, in milliseconds.</param>
public sealed record HeartbeatConfigMessage(int Interval, int Timeout) : ServerMessage(MessageTypes.HeartbeatConfig);

public sealed record PongMessage(DateTimeOffset Timestamp) : ServerMessage(MessageTypes.Pong);

public sealed record SystemMessage(string Text) : ServerMessage(MessageTypes.System);

public sealed record ChatTextMessage(Username Username, string Text, DateTimeOffset Timestamp) : ServerMessage(MessageTypes.Chat);

public sealed record UserTypingMessage(Username Username, DateTimeOffset Timestamp) : ServerMessage(MessageTypes.Typing);

/// <param name="Room">The room.</param>
/// <param name="PeerId">The newcomer's own.</param>
/// <param name="Participants">Everybody in the room in the order they joined, the newcomer last.</param>
/// <param name="Config">What holds in this room.</param>
/// <param name="Id">The request's.</param>
public sealed record JoinedMessage(RoomName Room, PeerId PeerId, IReadOnlyList<Participant> Participants, RoomConfig Config, RequestId? Id) : ServerMessage(MessageTypes.Joined);

/// <param name="Status">Whether the peer's socket is there, or is waited for.</param>
/// <param name="Polite">The receiver's role towards this peer in perfect negotiation; null for itself.</param>
public sealed record Participant(
    Username Username, PeerId PeerId, PeerId? PreviousPeerId, Profile Profile, MediaTypes MediaTypes, PeerStatus Status, bool? Polite);

[JsonConverter(typeof(JsonStringEnumConverter<PeerStatus>))]
public enum PeerStatus
{
    [JsonStringEnumMemberName("connected")]
    Connected,

    /// <summary>Its socket is lost. The session waits for it to come back; the media may go on all the time.</summary>
    [JsonStringEnumMemberName("reconnecting")]
    Reconnecting,
}

/// <summary>A peer's socket was lost, or is back.</summary>
public sealed record PeerStatusMessage(Username Username, PeerId PeerId, PeerStatus Status) : ServerMessage(MessageTypes.PeerStatus);

/// <summary>This server goes away.</summary>
/// <param name="ReconnectAfterMs">How long to wait after the Close before coming back, in milliseconds: another time for everybody.</param>
public sealed record DrainingMessage(int ReconnectAfterMs) : ServerMessage(MessageTypes.Draining);

/// <summary>What holds in a room for one peer.</summary>
/// <param name="AllowVideo">Whether it may send a camera's picture.</param>
/// <param name="AllowScreenShare">Whether it may send a screen's picture.</param>
/// <param name="ForceRelay">Whether the relay policy is enforced between it and everybody.</param>
/// <param name="IceServers">For <c>RTCConfiguration.iceServers</c>.</param>
/// <param name="IceTransportPolicy">For <c>RTCConfiguration.iceTransportPolicy</c>: <c>all</c>, or <c>relay</c> if <paramref name="ForceRelay"/> holds.</param>
/// <param name="IceTtlMs">How long the credentials in <paramref name="IceServers"/> can be used, in milliseconds; null if they do not end.</param>
public sealed record RoomConfig(
    bool AllowVideo,
    bool AllowScreenShare,
    bool ForceRelay,
    int MaxParticipants,
    IReadOnlyList<IceServer> IceServers,
    string IceTransportPolicy,
    int? IceTtlMs)
{
    public const string AllTransports = "all";
    public const string RelayOnly = "relay";
}

/// <summary>The operator has changed what holds in the room.</summary>
/// <param name="Config">What holds from now on, with fresh credentials.</param>
public sealed record PolicyChangedMessage(RoomConfig Config) : ServerMessage(MessageTypes.PolicyChanged);

/// <summary>A member of <c>RTCConfiguration.iceServers</c> (W3C webrtc-pc, RTCIceServer).</summary>
public sealed record IceServer(IReadOnlyList<string> Urls, string? Username = null, string? Credential = null)
{
    /// <summary>Not the credential.</summary>
    public override string ToString() => nameof(IceServer);
}

/// <summary>ICE servers with fresh credentials: asked for, or because the former ones end soon.</summary>
/// <param name="IceTtlMs">As in <see cref="RoomConfig"/>.</param>
/// <param name="Id">The request's, if there was one.</param>
public sealed record IceServersMessage(IReadOnlyList<IceServer> IceServers, int? IceTtlMs, RequestId? Id) : ServerMessage(MessageTypes.IceServers);

/// <param name="Polite">The receiver's role towards this peer: of two peers the one that joined later is polite.</param>
/// <param name="Config">For receivers that know no message to get fresh credentials by: what a connection to this peer is to be made with.</param>
public sealed record PeerJoinedMessage(
    RoomName Room,
    Username Username,
    PeerId PeerId,
    PeerId? PreviousPeerId,
    Profile Profile,
    MediaTypes MediaTypes,
    bool Polite,
    RoomConfig? Config = null) : ServerMessage(MessageTypes.PeerJoined);

public sealed record PeerLeftMessage(RoomName Room, Username Username, PeerId PeerId, LeaveReason Reason) : ServerMessage(MessageTypes.PeerLeft);

[JsonConverter(typeof(JsonStringEnumConverter<LeaveReason>))]
public enum LeaveReason
{
    /// <summary>The peer said so.</summary>
    [JsonStringEnumMemberName("left")]
    Left,

    /// <summary>Its socket is gone, and so is the session.</summary>
    [JsonStringEnumMemberName("disconnected")]
    Disconnected,

    /// <summary>It was waited for, and did not come back in time, or could not be given what it had missed.</summary>
    [JsonStringEnumMemberName("expired")]
    Expired,

    /// <summary>Its user has connected anew, and the former session has ended for that.</summary>
    [JsonStringEnumMemberName("replaced")]
    Replaced,

    /// <summary>A moderator or the operator has shown it out, banned or not.</summary>
    [JsonStringEnumMemberName("kicked")]
    Kicked,
}

public sealed record MediaChangedMessage(Username Username, MediaTypes MediaTypes) : ServerMessage(MessageTypes.MediaChanged);

/// <param name="RetryAfterMs">How long to wait, in milliseconds.</param>
/// <param name="Dropped">How many candidates were dropped.</param>
/// <param name="Reason">Why, where the code alone does not say it.</param>
public sealed record ErrorMessage(
    string Error,
    ErrorCode Code,
    bool Retryable,
    DateTimeOffset Timestamp,
    string? RequestType = null,
    RequestId? Id = null,
    string? TargetUsername = null,
    int? RetryAfterMs = null,
    int? Dropped = null,
    string? Reason = null) : ServerMessage(MessageTypes.Error);

public sealed record LeftMessage(RoomName Room, RequestId? Id) : ServerMessage(MessageTypes.Left);

/// <summary>The request is done, or queued for its target, or held.</summary>
public sealed record AckMessage(RequestId Id) : ServerMessage(MessageTypes.Ack);

/// <summary>One line of the chat's past. <see cref="Username"/> is null for a line of the system's.</summary>
public sealed record HistoryEntry(
    string Type, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] Username? Username, string Text, DateTimeOffset Timestamp);
