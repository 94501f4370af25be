using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Fuzz;

/// <summary>What may come from the server at all: messages of the types, with the members and the codes that the protocol lists, and close codes.</summary>
internal static class ServerSays
{
    // From the tables of sections 4, 10 and 13, on purpose not from the code.
    private static readonly Dictionary<string, string[]> Members = new(StringComparer.Ordinal)
    {
        ["session-token"] = ["token", "username", "protocol", "resumed", "resumeGraceMs", "features"],
        ["heartbeat-config"] = ["interval", "timeout"],
        ["pong"] = ["timestamp"],
        ["history"] = ["messages"],
        ["system"] = ["text"],
        ["chat"] = ["username", "text", "timestamp"],
        ["typing"] = ["username", "timestamp"],
        ["webrtc-joined"] = ["room", "peerId", "participants", "config"],
        ["webrtc-peer-joined"] = ["room", "username", "peerId", "profile", "mediaTypes", "polite"],
        ["webrtc-peer-left"] = ["room", "username", "peerId", "reason"],
        ["webrtc-offer"] = ["fromUsername", "fromPeerId", "offer"],
        ["webrtc-answer"] = ["fromUsername", "fromPeerId", "answer"],
        ["webrtc-ice-candidate"] = ["fromUsername", "fromPeerId", "candidate"],
        ["webrtc-media-changed"] = ["username", "mediaTypes"],
        ["webrtc-error"] = ["error", "code", "retryable", "timestamp"],
        ["webrtc-signal"] = ["fromUsername", "fromPeerId", "signal"],
        ["webrtc-left"] = ["room"],
        ["webrtc-peer-status"] = ["username", "peerId", "status"],
        ["server-draining"] = ["reconnectAfterMs"],
        ["webrtc-ice-servers"] = ["iceServers"],
        ["ack"] = ["id"],
    };

    private static readonly string[] ForV1 = ["webrtc-signal", "webrtc-left", "webrtc-peer-status", "server-draining", "webrtc-ice-servers", "ack"];

    private static readonly string[] Retryable = ["room-full", "target-unavailable", "relay-unavailable", "rate-limited"];

    // All but "internal": that is our fault, and what is looked for.
    private static readonly string[] Codes =
    [
        .. Retryable, "invalid-message", "unknown-type", "invalid-token", "disabled", "name-taken", "invalid-name", "already-joined", "not-joined",
        "invalid-room",
        "no-media-types", "media-not-allowed", "invalid-target", "target-not-found", "invalid-description", "invalid-candidate", "candidate-dropped",
        "relay-policy", "too-large",
    ];

    /// <summary>What is wrong with a message of the server's; null if nothing is.</summary>
    public static string? Fault(string text, Profile profile, out JsonElement message)
    {
        message = default;
        try
        {
            message = JsonElement.Parse(text);
        }
        catch (JsonException e)
        {
            return $"no JSON ({e.Message}): {text}";
        }

        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("type", out var typed) || typed.ValueKind != JsonValueKind.String)
            return $"no message: {text}";

        var type = typed.GetString()!;
        if (!Members.TryGetValue(type, out var members) || (profile == Profile.Legacy && ForV1.Contains(type, StringComparer.Ordinal)))
            return $"a type that is not known to {profile}: {text}";

        var element = message;
        if (Array.Find(members, member => !element.TryGetProperty(member, out _)) is { } missing)
            return $"{missing} is missing: {text}";
        return type == "webrtc-error" ? ErrorFault(message) : null;
    }

    private static string? ErrorFault(JsonElement error)
    {
        var code = error.GetProperty("code").GetString()!;
        if (!Codes.Contains(code, StringComparer.Ordinal))
            return $"a code that must not come: {error}";
        return error.GetProperty("retryable").GetBoolean() == Retryable.Contains(code, StringComparer.Ordinal) ? null : $"retryable is wrong: {error}";
    }
}
