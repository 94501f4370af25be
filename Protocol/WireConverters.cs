using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeshSignal.Protocol;

/// <summary>A value that the server writes and never reads back from a client through the serializer.</summary>
internal abstract class WriteOnlyConverter<T> : JsonConverter<T>
{
    public sealed override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();
}

/// <summary><c>yyyy-MM-ddTHH:mm:ss.fffZ</c>, as JavaScript's <c>toISOString</c>.</summary>
internal sealed class TimestampConverter : WriteOnlyConverter<DateTimeOffset>
{
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[24];
        value.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }
}

internal sealed class UsernameConverter : WriteOnlyConverter<Username>
{
    public override void Write(Utf8JsonWriter writer, Username value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class RoomNameConverter : WriteOnlyConverter<RoomName>
{
    public override void Write(Utf8JsonWriter writer, RoomName value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class PeerIdConverter : JsonConverter<PeerId>
{
    public override PeerId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && PeerId.TryParse(reader.GetString(), out var peerId) ? peerId : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, PeerId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}
