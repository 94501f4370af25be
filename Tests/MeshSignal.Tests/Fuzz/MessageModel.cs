using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Fuzz;

/// <summary>What the protocol says of one message without regard to what the session is doing.</summary>
/// <param name="MustFail">The codes of which it must get one; empty if it may succeed.</param>
/// <param name="Type">Null if it has none.</param>
/// <param name="Id">Null if it has none, or none that is valid.</param>
/// <param name="MayBeRefusedPing">A ping whose count may be too high.</param>
internal sealed record Judgement(string[] MustFail, string? Type, JsonElement? Id, bool MayBeRefusedPing = false)
{
    public bool IsWrongToken => MustFail is ["invalid-token"];

    public bool IsSignaling => Type?.StartsWith(MessageTypes.SignalingPrefix, StringComparison.Ordinal) == true;
}

/// <summary>
/// Judges messages by sections 3, 4 and 10 of the protocol with nothing but the framework's parser: a second opinion, to hold the server against.
/// </summary>
internal static class MessageModel
{
    public const int MostBytes = 65_536;
    private const int MostDepth = 16;
    private const int LongestId = 64;

    private static readonly string[] Known =
    [
        MessageTypes.Ping, MessageTypes.Chat, MessageTypes.Typing, MessageTypes.Join, MessageTypes.Leave, MessageTypes.Offer, MessageTypes.Answer,
        MessageTypes.IceCandidate, MessageTypes.MediaChange, MessageTypes.Signal, MessageTypes.IceServers,
    ];

    private static readonly string[] Directed =
        ["invalid-message", "not-joined", "invalid-target", "target-not-found", "target-unavailable", "relay-policy", "relay-unavailable"];

    /// <summary>The codes with which a message of the type may be refused although its form is right.</summary>
    public static IEnumerable<string> Refusals(string? type) => type switch
    {
        MessageTypes.Ping => ["invalid-message"],
        MessageTypes.Chat => ["invalid-message", "disabled", "rate-limited", "too-large"],
        MessageTypes.Typing => ["disabled"],
        MessageTypes.Join => ["invalid-message", "already-joined", "room-full", "invalid-room", "no-media-types", "name-taken"],
        MessageTypes.Leave => ["not-joined"],
        MessageTypes.Offer or MessageTypes.Answer => [.. Directed, "invalid-description"],
        MessageTypes.IceCandidate => [.. Directed, "invalid-candidate"],
        MessageTypes.Signal => Directed,
        MessageTypes.MediaChange => ["invalid-message", "not-joined", "media-not-allowed"],
        MessageTypes.IceServers => ["not-joined", "rate-limited"],
        _ => [],
    };

    public static Judgement Judge(ReadOnlyMemory<byte> utf8, string token, Profile profile)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = MostDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object
                && Names(document.RootElement) is { } names && names.Distinct(StringComparer.Ordinal).Count() == names.Count
                ? JudgeObject(document.RootElement.Clone(), token, profile)
                : Malformed(null);
        }
        catch (JsonException)
        {
            return Malformed(null);
        }
    }

    /// <summary>Whether an answer bears this id: a number by its value, for -0 and 0 are one.</summary>
    public static bool IsSame(JsonElement? id, JsonElement answer) => (id, answer.ValueKind) switch
    {
        ({ ValueKind: JsonValueKind.String } text, JsonValueKind.String) => Text(text) == answer.GetString(),
        ({ ValueKind: JsonValueKind.Number } number, JsonValueKind.Number) => number.GetInt64() == answer.GetInt64(),
        _ => false,
    };

    private static Judgement JudgeObject(JsonElement message, string token, Profile profile)
    {
        var id = message.TryGetProperty("id", out var value) ? value : (JsonElement?)null;
        var validId = id is { } given && IsId(given) ? id : null;
        if (!message.TryGetProperty("type", out var typed) || Text(typed) is not { } type)
            return Malformed(validId);

        if (type != MessageTypes.Ping && !(message.TryGetProperty("token", out var shown) && Text(shown) == token))
            return new Judgement(["invalid-token"], type, validId);

        var isUnknown = !Known.Contains(type, StringComparer.Ordinal) || (profile == Profile.Legacy && MessageTypes.IsForV1Only(type));
        var isBadId = id is not null && validId is null;
        string[] mustFail = (isBadId, isUnknown) switch
        {
            (true, true) => ["invalid-message", "unknown-type"],
            (true, _) => ["invalid-message"],
            (_, true) => ["unknown-type"],
            _ => [],
        };
        if (type != MessageTypes.Ping || !message.TryGetProperty("received", out var received))
            return new Judgement(mustFail, type, validId);

        var isCount = received.ValueKind == JsonValueKind.Number && received.TryGetInt64(out var count) && count >= 0;
        return isCount ? new Judgement(mustFail, type, validId, MayBeRefusedPing: true) : new Judgement(["invalid-message"], type, validId);
    }

    private static Judgement Malformed(JsonElement? id) => new(["invalid-message"], null, id);

    private static bool IsId(JsonElement id) => id.ValueKind switch
    {
        JsonValueKind.String => Text(id) is { Length: >= 1 and <= LongestId },
        JsonValueKind.Number => id.TryGetInt64(out _),
        _ => false,
    };

    /// <summary>Null if one of them holds half of a surrogate pair, which no text can.</summary>
    private static List<string>? Names(JsonElement message)
    {
        try
        {
            return [.. message.EnumerateObject().Select(member => member.Name)];
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement? value)
    {
        try
        {
            return value is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
