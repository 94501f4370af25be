namespace MeshSignal.Protocol;

/// <summary>
/// Why a socket was closed: RFC 6455 section 7.4 and the IANA registry below 4000, ours from there on.
/// Ours say whether to come back: 4000 to 4499 do, 4500 to 4999 do not.
/// </summary>
public enum CloseCode
{
    Normal = 1000,
    GoingAway = 1001,
    ProtocolError = 1002,

    /// <summary>Binary frames: the protocol is JSON text.</summary>
    UnsupportedData = 1003,
    InvalidPayload = 1007,

    /// <summary>Abuse of the framing: too many fragments or control frames.</summary>
    PolicyViolation = 1008,
    MessageTooBig = 1009,
    InternalError = 1011,

    /// <summary>This server goes away; another or a new one will be there.</summary>
    ServiceRestart = 1012,

    /// <summary>There are all the connections that there may be, in total or from one address.</summary>
    TryAgainLater = 1013,

    /// <summary>No credential came in time.</summary>
    AuthenticationDeadline = 4002,

    HeartbeatTimeout = 4003,

    /// <summary>The peer went on sending more than it may.</summary>
    RateLimit = 4029,

    /// <summary>The peer does not read, so that its send queue overran a limit.</summary>
    SlowConsumer = 4040,

    BadToken = 4501,
    Banned = 4503,
    Kicked = 4504,

    /// <summary>The session goes on at another socket, or was given up for another.</summary>
    Replaced = 4509,
    NameTaken = 4510,

    /// <summary>A username or a room name that is none.</summary>
    InvalidName = 4511,
}
