using System.Text.Json.Serialization;

namespace MeshSignal.Protocol;

/// <summary>Everything that System.Text.Json reads and writes for the wire, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    MaxDepth = MessageCodec.MaxDepth,
    Converters = [typeof(TimestampConverter), typeof(UsernameConverter), typeof(RoomNameConverter), typeof(PeerIdConverter)])]
[JsonSerializable(typeof(ServerMessage))]
[JsonSerializable(typeof(HistoryEntry))]
[JsonSerializable(typeof(AuthenticateMessage))]
[JsonSerializable(typeof(ChatMessage))]
[JsonSerializable(typeof(JoinMessage))]
[JsonSerializable(typeof(MediaChangeMessage))]
internal sealed partial class SignalingJsonContext : JsonSerializerContext;
