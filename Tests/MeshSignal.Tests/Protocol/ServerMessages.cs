using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Protocol;

/// <summary>Every type that the server sends, once with all it can hold and once with the least.</summary>
/// <param name="Kind">Null for what is written around something that came in.</param>
internal sealed record ServerMessageSample(string Type, JsonElement Full, JsonElement Least, Type? Kind = null);

internal static class ServerMessages
{
    private static readonly DateTimeOffset Now = new(2026, 3, 14, 11, 26, 53, 589, TimeSpan.FromHours(2));
    private static readonly Username Amira = Valid.Name("Amira");
    private static readonly RoomName Room = RoomName.Lobby;
    private static readonly PeerId Stay = PeerId.New();
    private static readonly RequestId Id = new("r1");
    private static readonly RoomConfig Config = new(true, true, false, 8, [], RoomConfig.AllTransports, null);
    private static readonly IceServer Turn = new(["turn:a"], "1:b", "secret");
    private static readonly RoomConfig RelayConfig = new(true, true, true, 8, [Turn], RoomConfig.RelayOnly, 600_000);
    private static readonly Participant Self = new(Amira, Stay, null, Profile.V1, MediaTypes.Audio, PeerStatus.Connected, null);

    public static IReadOnlyList<ServerMessageSample> All { get; } =
    [
        Sample(
            new SessionTokenMessage("00", Amira, Profile.V1, false, 30_000, ["ack"], "unknown"),
            new SessionTokenMessage("00", Amira, Profile.V1, true, 30_000, ["ack"])),
        Sample(new HeartbeatConfigMessage(30_000, 120_000)),
        Sample(new PongMessage(Now)),
        Sample(new SystemMessage("hi")),
        Sample(new ChatTextMessage(Amira, "hi", Now)),
        Sample(new UserTypingMessage(Amira, Now)),
        Sample(
            new JoinedMessage(Room, Stay, [Self with { PreviousPeerId = Stay, Polite = true }], RelayConfig, Id),
            new JoinedMessage(Room, Stay, [Self], Config, null)),
        Sample(
            new PeerJoinedMessage(Room, Amira, Stay, Stay, Profile.Legacy, MediaTypes.Video, false, RelayConfig),
            new PeerJoinedMessage(Room, Amira, Stay, null, Profile.Legacy, MediaTypes.Video, false)),
        Sample(new PeerLeftMessage(Room, Amira, Stay, LeaveReason.Disconnected)),
        Sample(new MediaChangedMessage(Amira, MediaTypes.Audio | MediaTypes.Screen)),
        Sample(
            new ErrorMessage("text", ErrorCode.CandidateDropped, false, Now, MessageTypes.IceCandidate, Id, "Jonas", 1000, 1, "expired"),
            new ErrorMessage("text", ErrorCode.InvalidMessage, false, Now)),
        Sample(new LeftMessage(Room, Id), new LeftMessage(Room, null)),
        Sample(new PeerStatusMessage(Amira, Stay, PeerStatus.Reconnecting)),
        Sample(new PolicyChangedMessage(RelayConfig), new PolicyChangedMessage(Config)),
        Sample(new DrainingMessage(9000)),
        Sample(new AckMessage(Id)),
        Sample(new IceServersMessage([Turn], 600_000, Id), new IceServersMessage([], null, null)),
        Relayed(MessageTypes.Offer, "offer"),
        Relayed(MessageTypes.Answer, "answer"),
        Relayed(MessageTypes.IceCandidate, "candidate"),
        Relayed(MessageTypes.Signal, "signal"),
        Sample(
            MessageCodec.EncodeHistory([MessageCodec.Encode(new HistoryEntry("chat", Amira, "hi", Now))]),
            MessageCodec.EncodeHistory([])),
    ];

    public static IEnumerable<Type> Kinds => All.Select(sample => sample.Kind).OfType<Type>();

    private static ServerMessageSample Sample(ServerMessage full, ServerMessage? least = null) =>
        Sample(MessageCodec.Encode(full), MessageCodec.Encode(least ?? full)) with { Kind = full.GetType() };

    private static ServerMessageSample Sample(EncodedMessage full, EncodedMessage least)
    {
        var parsed = JsonElement.Parse(full.Utf8.Span);
        return new ServerMessageSample(parsed.GetProperty("type").GetString()!, parsed, JsonElement.Parse(least.Utf8.Span));
    }

    private static ServerMessageSample Relayed(string type, string member)
    {
        var message = RelayedMessageTests.Relay((DirectedMessage)Decoding.Decode($$$"""{"type":"{{{type}}}","targetUsername":"bob","{{{member}}}":{}}"""));
        return Sample(message, message);
    }
}
