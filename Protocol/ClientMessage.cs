using System.Text.Json.Serialization;

namespace MeshSignal.Protocol;

/// <summary>A message from a client. Buffers in it (<see cref="Token"/>, payloads) are slices of the receive buffer, good only while it is handled.</summary>
public abstract record ClientMessage
{
    // Closed: the router's switch over the kinds below is complete.
    private protected ClientMessage()
    {
    }

    /// <summary>The wire name, from <see cref="MessageTypes"/>.</summary>
    [JsonIgnore]
    public abstract string Type { get; }

    /// <summary>The session token as it was sent, unescaped; empty if there was none.</summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte> Token { get; internal set; }

    [JsonIgnore]
    public RequestId? Id { get; internal set; }

    /// <summary>Whether it is the session's only if it bears the session's token.</summary>
    [JsonIgnore]
    public bool NeedsToken => MessageTypes.NeedsToken(Type);

    /// <summary>Only the type, because a message holds tokens, descriptions and candidates, and what is printed ends in a log.</summary>
    public sealed override string ToString() => Type;
}

/// <summary>Needs no token.</summary>
/// <param name="Received">How many messages of the session have arrived, <c>session-token</c> not counted, so that the server need not keep them.</param>
public sealed record PingMessage(long? Received) : ClientMessage
{
    public override string Type => MessageTypes.Ping;
}

/// <summary>Says who the client is. The credential is its own proof, so no token is needed, and before the first session there is none.</summary>
public sealed record AuthenticateMessage : ClientMessage
{
    public override string Type => MessageTypes.Authenticate;

    /// <summary>A JWT.</summary>
    public required string Credential { get; init; }
}

public sealed record ChatMessage : ClientMessage
{
    public override string Type => MessageTypes.Chat;

    public required string Content { get; init; }
}

public sealed record TypingMessage : ClientMessage
{
    public override string Type => MessageTypes.Typing;
}

public sealed record JoinMessage : ClientMessage
{
    public override string Type => MessageTypes.Join;

    /// <summary>Absent: the room that has the name of the connection's scope.</summary>
    public string? Room { get; init; }

    /// <summary>Absent: audio.</summary>
    public MediaTypes? MediaTypes { get; init; }

    /// <summary>The stay that this one continues after a lost session, for the other peers to recognise.</summary>
    public PeerId? PreviousPeerId { get; init; }
}

public sealed record LeaveMessage : ClientMessage
{
    public override string Type => MessageTypes.Leave;
}

public sealed record MediaChangeMessage : ClientMessage
{
    public override string Type => MessageTypes.MediaChange;

    public required MediaTypes MediaTypes { get; init; }
}

/// <summary>Asks for ICE servers with fresh credentials.</summary>
public sealed record IceServersRequest : ClientMessage
{
    public override string Type => MessageTypes.IceServers;
}

/// <summary>A message for one other peer in the room.</summary>
public abstract record DirectedMessage : ClientMessage
{
    private protected DirectedMessage()
    {
    }

    public required string TargetUsername { get; init; }

    /// <summary>If given, the stay that is meant; an earlier or later one of the same name is not.</summary>
    public string? TargetPeerId { get; init; }
}

public sealed record OfferMessage(SessionDescription Offer) : DirectedMessage
{
    public override string Type => MessageTypes.Offer;
}

public sealed record AnswerMessage(SessionDescription Answer) : DirectedMessage
{
    public override string Type => MessageTypes.Answer;
}

/// <param name="Candidate">The candidate as sent.</param>
/// <param name="Buffer">The sender has no remote description yet and asks to hold the candidate until its offer is answered.</param>
public sealed record CandidateMessage(IceCandidate Candidate, bool Buffer) : DirectedMessage
{
    public override string Type => MessageTypes.IceCandidate;

    /// <summary>A copy that outlives the receive buffer; without the token, which is of no use any more.</summary>
    public CandidateMessage Detach() => this with { Candidate = new IceCandidate(Candidate.Utf8.ToArray()), Token = default };
}

public sealed record SignalMessage(OpaqueSignal Signal) : DirectedMessage
{
    public override string Type => MessageTypes.Signal;
}
