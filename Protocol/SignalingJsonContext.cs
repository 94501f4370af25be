using System.Text.Json.Serialization;

namespace MeshSignal.Protocol;

/// <summary>Everything that System.Text.Json reads and writes for the wire, generated at build time. Each kind of message by itself: a polymorphic base would set up all kinds at the first message.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    MaxDepth = MessageCodec.MaxDepth,
    Converters = [typeof(TimestampConverter), typeof(UsernameConverter), typeof(RoomNameConverter), typeof(PeerIdConverter)])]
[JsonSerializable(typeof(SessionTokenMessage))]
[JsonSerializable(typeof(HeartbeatConfigMessage))]
[JsonSerializable(typeof(PongMessage))]
[JsonSerializable(typeof(SystemMessage))]
[JsonSerializable(typeof(ChatTextMessage))]
[JsonSerializable(typeof(UserTypingMessage))]
[JsonSerializable(typeof(JoinedMessage))]
[JsonSerializable(typeof(PeerJoinedMessage))]
[JsonSerializable(typeof(PeerLeftMessage))]
[JsonSerializable(typeof(MediaChangedMessage))]
[JsonSerializable(typeof(ErrorMessage))]
[JsonSerializable(typeof(LeftMessage))]
[JsonSerializable(typeof(PeerStatusMessage))]
[JsonSerializable(typeof(PolicyChangedMessage))]
[JsonSerializable(typeof(DrainingMessage))]
[JsonSerializable(typeof(AckMessage))]
[JsonSerializable(typeof(IceServersMessage))]
[JsonSerializable(typeof(HistoryEntry))]
[JsonSerializable(typeof(AuthenticateMessage))]
[JsonSerializable(typeof(ChatMessage))]
[JsonSerializable(typeof(JoinMessage))]
[JsonSerializable(typeof(MediaChangeMessage))]
internal sealed partial class SignalingJsonContext : JsonSerializerContext;
