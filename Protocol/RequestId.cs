using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeshSignal.Protocol;

/// <summary>What a client calls one of its requests: a string of 1 to 64 characters, or an integer of 64 bits. Echoed, never interpreted.</summary>
[JsonConverter(typeof(RequestIdConverter))]
public readonly record struct RequestId
{
    public const int MaxLength = 64;

    private readonly string? _text;
    private readonly long _number;

    public RequestId(string text) => _text = text;

    public RequestId(long number) => _number = number;

    internal static bool TryRead(ref Utf8JsonReader reader, out RequestId id)
    {
        id = default;
        if (reader.TokenType == JsonTokenType.String)
            return TryReadText(ref reader, out id);

        var number = 0L;
        var isInteger = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out number);
        id = new RequestId(number);
        return isInteger;
    }

    private static bool TryReadText(ref Utf8JsonReader reader, out RequestId id)
    {
        id = default;
        try
        {
            var text = reader.GetString()!;
            id = new RequestId(text);
            return text.Length is >= 1 and <= MaxLength;
        }
        catch (InvalidOperationException)
        {
            return false; // Half of a surrogate pair. What else the message holds is judged all the same.
        }
    }

    internal void Write(Utf8JsonWriter writer)
    {
        if (_text is not null)
            writer.WriteStringValue(_text);
        else
            writer.WriteNumberValue(_number);
    }
}

internal sealed class RequestIdConverter : WriteOnlyConverter<RequestId>
{
    public override void Write(Utf8JsonWriter writer, RequestId value, JsonSerializerOptions options) => value.Write(writer);
}
