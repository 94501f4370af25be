namespace MeshSignal.Protocol;

/// <summary>The names that messages bear on the wire. No other file spells them.</summary>
public static class MessageTypes
{
    // Both directions.
    public const string Chat = "chat";
    public const string Typing = "typing";
    public const string Offer = "webrtc-offer";
    public const string Answer = "webrtc-answer";
    public const string IceCandidate = "webrtc-ice-candidate";
    public const string Signal = "webrtc-signal";
    public const string IceServers = "webrtc-ice-servers";

    // Client to server.
    public const string Ping = "ping";
    public const string Authenticate = "authenticate";
    public const string Join = "webrtc-join";
    public const string Leave = "webrtc-leave";
    public const string MediaChange = "webrtc-media-change";

    // Server to client.
    public const string SessionToken = "session-token";
    public const string HeartbeatConfig = "heartbeat-config";
    public const string Pong = "pong";
    public const string History = "history";
    public const string System = "system";
    public const string Joined = "webrtc-joined";
    public const string PeerJoined = "webrtc-peer-joined";
    public const string PeerLeft = "webrtc-peer-left";
    public const string MediaChanged = "webrtc-media-changed";
    public const string Error = "webrtc-error";

    // Server to client, v1 only.
    public const string Left = "webrtc-left";
    public const string PeerStatus = "webrtc-peer-status";
    public const string PolicyChanged = "webrtc-policy-changed";
    public const string Draining = "server-draining";
    public const string Ack = "ack";

    /// <summary>Whether a client must have agreed on v1 to send it.</summary>
    public static bool IsForV1Only(string type) => type is Signal or IceServers or Authenticate;

    /// <summary>Whether a message of the type must bear the session's token.</summary>
    public static bool NeedsToken(string? type) => type is not (Ping or Authenticate);

    /// <summary>What every signaling type starts with; the others belong to the chat. Decides where a legacy client looks for an error.</summary>
    public const string SignalingPrefix = "webrtc-";
}
