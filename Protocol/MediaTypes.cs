using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeshSignal.Protocol;

/// <summary>What a peer says that it sends. On the wire an array of names, in any order; here a set.</summary>
[Flags]
[JsonConverter(typeof(MediaTypesConverter))]
public enum MediaTypes
{
    None = 0,
    Audio = 1,
    Video = 2,
    Screen = 4,

    /// <summary>The list held something that is no media type. Never sent.</summary>
    Unknown = 8,
}

/// <summary>Public for the serializers that are generated outside of this assembly.</summary>
public sealed class MediaTypesConverter : JsonConverter<MediaTypes>
{
    private static readonly (MediaTypes Type, string Name)[] Names =
        [(MediaTypes.Audio, "audio"), (MediaTypes.Video, "video"), (MediaTypes.Screen, "screen")];

    public override MediaTypes Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException();

        var types = MediaTypes.None;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            types |= ReadOne(ref reader);
            reader.Skip();
        }

        return types;
    }

    public override void Write(Utf8JsonWriter writer, MediaTypes value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var (type, name) in Names)
            if (value.HasFlag(type))
                writer.WriteStringValue(name);
        writer.WriteEndArray();
    }

    private static MediaTypes ReadOne(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
            foreach (var (type, name) in Names)
                if (reader.ValueTextEquals(name))
                    return type;

        return MediaTypes.Unknown;
    }
}
