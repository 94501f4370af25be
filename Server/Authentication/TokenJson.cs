using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace MeshSignal.Server.Authentication;

/// <summary>
/// The JSON object that a token's header or payload is. A member may be absent; one that is there and of a wrong type is an error, <c>null</c> included.
/// Names that are not asked for are ignored (RFC 7519 section 4).
/// </summary>
internal readonly struct TokenJson
{
    // Nothing that is asked for is nested deeper than two.
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    // In Unix seconds, which is in the year 5138: far from where adding to a time overflows.
    private const decimal MaxTime = 100_000_000_000;

    private readonly JsonElement _json;

    private TokenJson(JsonElement json) => _json = json;

    /// <summary>False also if a name stands twice, however it is written: others might take the other one.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out TokenJson json)
    {
        json = default;
        if (!Utf8.IsValid(utf8))
            return false;

        try
        {
            json = new TokenJson(JsonElement.Parse(utf8, Strict));
            return json._json.ValueKind == JsonValueKind.Object;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is for names that hold half of a surrogate pair.
            return false;
        }
    }

    public bool Has(string name) => _json.TryGetProperty(name, out _);

    /// <param name="maxLength">In UTF-16 code units. An empty text is an error.</param>
    /// <param name="text">Null if it is absent.</param>
    public bool TryGetText(string name, int maxLength, out string? text)
    {
        text = null;
        return !_json.TryGetProperty(name, out var value) || (TryGetText(value, out text) && text.Length > 0 && text.Length <= maxLength);
    }

    /// <summary>False if it is absent.</summary>
    public bool TryGetFlag(string name, out bool flag)
    {
        flag = _json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
        return flag || value.ValueKind is JsonValueKind.False or JsonValueKind.Undefined;
    }

    /// <summary>A NumericDate (RFC 7519 section 2), which may have a fraction.</summary>
    /// <param name="time">Null if it is absent.</param>
    public bool TryGetTime(string name, out DateTimeOffset? time)
    {
        time = null;
        if (!_json.TryGetProperty(name, out var value))
            return true;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDecimal(out var seconds) || seconds is < 0 or > MaxTime)
            return false;

        time = DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond));
        return true;
    }

    /// <param name="texts">Null if it is absent.</param>
    public bool TryGetTexts(string name, out IReadOnlyList<string>? texts)
    {
        texts = null;
        if (!_json.TryGetProperty(name, out var value))
            return true;
        if (value.ValueKind != JsonValueKind.Array)
            return false;

        var all = new List<string>();
        foreach (var item in value.EnumerateArray())
            if (TryGetText(item, out var text))
                all.Add(text);
            else
                return false;

        texts = all;
        return true;
    }

    /// <summary>One text, or several in an array.</summary>
    /// <param name="texts">Null if it is absent.</param>
    public bool TryGetTextOrTexts(string name, out IReadOnlyList<string>? texts)
    {
        if (!_json.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String)
            return TryGetTexts(name, out texts);

        texts = TryGetText(value, out var text) ? [text] : null;
        return texts is not null;
    }

    private static bool TryGetText(JsonElement value, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (value.ValueKind != JsonValueKind.String)
            return false;

        try
        {
            text = value.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, which is no character.
            return false;
        }
    }
}
