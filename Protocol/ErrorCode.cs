using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeshSignal.Protocol;

/// <summary>Why a request was not carried out. Every one is answered with such a code; the connection stays.</summary>
/// <param name="Wire">The code in <c>webrtc-error.code</c>.</param>
/// <param name="Text">A sentence for people; the literal one of js-chat-server where it has one, because its clients show it.</param>
/// <param name="Retryable">Whether the same request can succeed later without the user changing anything.</param>
[JsonConverter(typeof(ErrorCodeConverter))]
public sealed record ErrorCode(string Wire, string Text, bool Retryable = false)
{
    /// <summary>Not a JSON object with a type. On the wire the same code as <see cref="InvalidMessage"/>; the texts differ as in js-chat-server.</summary>
    public static readonly ErrorCode MalformedMessage = new("invalid-message", "Invalid message format.");
    public static readonly ErrorCode InvalidMessage = new("invalid-message", "Invalid message structure.");
    public static readonly ErrorCode UnknownType = new("unknown-type", "Unknown message type");
    public static readonly ErrorCode InvalidToken = new("invalid-token", "Invalid session token");
    public static readonly ErrorCode NotAuthenticated = new("not-authenticated", "Must be authenticated to join voice chat");
    public static readonly ErrorCode Forbidden = new("forbidden", "You may not do that here.");
    public static readonly ErrorCode Banned = new("banned", "You are banned.");
    public static readonly ErrorCode Disabled = new("disabled", "WebRTC is disabled on this server");
    public static readonly ErrorCode NameTaken = new("name-taken", "Username taken.");
    public static readonly ErrorCode InvalidName = new("invalid-name", "Illegal username.");
    public static readonly ErrorCode ServerFull = new("server-full", "Server is full. Please try again later.", Retryable: true);
    public static readonly ErrorCode TooManyConnections = new("too-many-connections", "Too many concurrent connections from this address.", Retryable: true);
    public static readonly ErrorCode AlreadyJoined = new("already-joined", "Already in voice chat");
    public static readonly ErrorCode NotJoined = new("not-joined", "Not in voice chat");
    public static readonly ErrorCode RoomFull = new("room-full", "Voice chat is full", Retryable: true);
    public static readonly ErrorCode RoomLimit = new("room-limit", "There are as many calls as this server may have", Retryable: true);
    public static readonly ErrorCode InvalidRoom = new("invalid-room", "Illegal room name. Requirement: 1-64 letters, digits, underscores or dashes.");
    public static readonly ErrorCode NoMediaTypes = new("no-media-types", "No valid media types requested");
    public static readonly ErrorCode MediaNotAllowed = new("media-not-allowed", "Media type not allowed");
    public static readonly ErrorCode InvalidTarget = new("invalid-target", "Invalid target");
    public static readonly ErrorCode TargetNotFound = new("target-not-found", "Target user not in voice chat");
    public static readonly ErrorCode TargetUnavailable = new("target-unavailable", "Target user cannot be reached", Retryable: true);
    public static readonly ErrorCode InvalidDescription = new("invalid-description", "Invalid session description");
    public static readonly ErrorCode InvalidCandidate = new("invalid-candidate", "Invalid ICE candidate");
    public static readonly ErrorCode CandidateDropped = new("candidate-dropped", "ICE candidate dropped");
    public static readonly ErrorCode RelayPolicy = new("relay-policy", "Connections go through a relay here: what does not is not passed on");
    public static readonly ErrorCode RelayUnavailable =
        new("relay-unavailable", "Connections go through a relay here, and you found none: your TURN server cannot be reached, or is not used", Retryable: true);
    public static readonly ErrorCode RateLimited = new("rate-limited", "You are sending messages too fast.", Retryable: true);
    public static readonly ErrorCode TooLarge = new("too-large", "Your message is too large.");
    public static readonly ErrorCode Internal = new("internal", "Internal error", Retryable: true);

    /// <summary>js-chat-server's sentence for a room that is full.</summary>
    public static string RoomFullText(int maxParticipants) =>
        string.Create(CultureInfo.InvariantCulture, $"Voice chat is full ({maxParticipants} maximum)");

    /// <summary>js-chat-server's sentence for an address that has all its connections.</summary>
    public static string TooManyConnectionsText(int max) =>
        string.Create(CultureInfo.InvariantCulture, $"Too many concurrent connections from this IP. Maximum allowed is {max}.");
}

internal sealed class ErrorCodeConverter : WriteOnlyConverter<ErrorCode>
{
    public override void Write(Utf8JsonWriter writer, ErrorCode value, JsonSerializerOptions options) => writer.WriteStringValue(value.Wire);
}
