using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MeshSignal.Protocol;

/// <summary>What was wrong with a message, and what of it is known all the same, so that the answer can name it.</summary>
/// <param name="RequestType">The message's type if it is one that clients may send.</param>
/// <param name="IsSignaling">Whether the type, known or not, is one of signaling rather than of the chat.</param>
/// <param name="Token">What it bore as its token, a slice of the message; null if it was too broken to have a type, or of a type that needs none.</param>
public readonly record struct DecodeFailure(ErrorCode Code, string? RequestType, bool IsSignaling, RequestId? Id, ReadOnlyMemory<byte>? Token = null)
{
    /// <summary>Not the token.</summary>
    public override string ToString() => Code.Wire;
}

/// <summary>JSON text to <see cref="ClientMessage"/>, and <see cref="ServerMessage"/> to JSON text.</summary>
public static class MessageCodec
{
    /// <summary>The deepest nesting of a message, itself included.</summary>
    public const int MaxDepth = 16;

    /// <summary>The most values in a message: strings, numbers, literals, objects and arrays, wherever they stand. No message that is of use has a tenth of them.</summary>
    public const int MaxValues = 1024;

    // The relaxed encoder: the default one makes six bytes of every "<", which matters only inside HTML.
    private static readonly SignalingJsonContext Wire =
        new(new JsonSerializerOptions(SignalingJsonContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    // Frequent ones first: they are compared in this order.
    private static readonly (string Name, byte[] Utf8)[] ClientTypes =
        [.. new[]
        {
            MessageTypes.IceCandidate, MessageTypes.Offer, MessageTypes.Answer, MessageTypes.Ping, MessageTypes.Chat, MessageTypes.Typing,
            MessageTypes.Signal, MessageTypes.Join, MessageTypes.Leave, MessageTypes.MediaChange, MessageTypes.IceServers, MessageTypes.Authenticate,
        }.Select(name => (name, Encoding.UTF8.GetBytes(name)))];

    /// <summary>Decodes a whole message. What the result holds of it are slices of <paramref name="utf8"/>.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> utf8, [NotNullWhen(true)] out ClientMessage? message, out DecodeFailure failure)
    {
        message = null;
        Span<MemberSlice> members = stackalloc MemberSlice[MessageReader.Names.Length];
        var known = new Known();
        try
        {
            var error = MemberScan.TryScan(utf8.Span, MessageReader.Names, members)
                ? Decode(new MessageReader(utf8, members), ref known, out message)
                : ErrorCode.MalformedMessage;
            failure = error is null ? default : known.Fail(error);
            return error is null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // JsonException: a member of another kind than it must be. InvalidOperationException: half of a surrogate pair, written as an escape, in a string that is read.
            message = null;
            failure = known.Fail(known.Type is null ? ErrorCode.MalformedMessage : ErrorCode.InvalidMessage);
            return false;
        }
    }

    public static EncodedMessage Encode(ServerMessage message) => new(JsonSerializer.SerializeToUtf8Bytes(message, Wire.GetTypeInfo(message.GetType())!));

    /// <summary>An entry of a <c>history</c> message.</summary>
    public static EncodedMessage Encode(HistoryEntry entry) => new(JsonSerializer.SerializeToUtf8Bytes(entry, Wire.HistoryEntry));

    /// <summary>The <c>history</c> message around entries that were encoded when they happened.</summary>
    public static EncodedMessage EncodeHistory(IReadOnlyCollection<EncodedMessage> entries) => RelayedMessage.EncodeHistory(entries);

    /// <summary>A message from one peer to another, written around the payload as the sender sent it.</summary>
    public static EncodedMessage EncodeRelayed(DirectedMessage message, Username fromUsername, PeerId fromPeerId) =>
        RelayedMessage.Encode(message, fromUsername, fromPeerId);

    private static ErrorCode? Decode(MessageReader reader, ref Known known, out ClientMessage? message)
    {
        message = null;
        var hasId = reader.TryGetId(out known.Id);
        if (!reader.TryGetType(ClientTypes, out known.Type, out known.IsSignaling))
            return ErrorCode.MalformedMessage;

        known.Token = MessageTypes.NeedsToken(known.Type) ? reader.Token : (ReadOnlyMemory<byte>?)null;
        if (!hasId)
            return ErrorCode.InvalidMessage;

        var error = known.Type is null ? ErrorCode.UnknownType : DecodeBody(reader, known.Type, out message);
        if (message is not null)
        {
            message.Token = reader.Token;
            message.Id = known.Id;
        }

        return error;
    }

    private static ErrorCode? DecodeBody(MessageReader reader, string type, out ClientMessage? message)
    {
        message = null;
        switch (type)
        {
            case MessageTypes.Ping:
                message = reader.TryGetReceived(out var received) ? new PingMessage(received) : null;
                return message is null ? ErrorCode.InvalidMessage : null;
            case MessageTypes.Typing:
                message = new TypingMessage();
                return null;
            case MessageTypes.Leave:
                message = new LeaveMessage();
                return null;
            case MessageTypes.IceServers:
                message = new IceServersRequest();
                return null;
            case MessageTypes.Chat:
                return Deserialize(reader, SignalingJsonContext.Default.ChatMessage, out message);
            case MessageTypes.Join:
                return Deserialize(reader, SignalingJsonContext.Default.JoinMessage, out message);
            case MessageTypes.Authenticate:
                return Deserialize(reader, SignalingJsonContext.Default.AuthenticateMessage, out message);
            case MessageTypes.MediaChange:
                return Deserialize(reader, SignalingJsonContext.Default.MediaChangeMessage, out message);
            default:
                return DecodeDirected(reader, type, out message);
        }
    }

    private static ErrorCode? DecodeDirected(MessageReader reader, string type, out ClientMessage? message)
    {
        message = null;
        if (!reader.TryGetTarget(out var username, out var peerId))
            return ErrorCode.InvalidTarget;

        switch (type)
        {
            case MessageTypes.Offer when reader.TryGetDescription(Member.Offer, out var offer):
                message = new OfferMessage(offer) { TargetUsername = username, TargetPeerId = peerId };
                return null;
            case MessageTypes.Answer when reader.TryGetDescription(Member.Answer, out var answer):
                message = new AnswerMessage(answer) { TargetUsername = username, TargetPeerId = peerId };
                return null;
            case MessageTypes.IceCandidate when reader.TryGetCandidate(out var candidate):
                message = new CandidateMessage(candidate, reader.Buffer) { TargetUsername = username, TargetPeerId = peerId };
                return null;
            case MessageTypes.Signal when reader.TryGetSignal(out var signal):
                message = new SignalMessage(signal) { TargetUsername = username, TargetPeerId = peerId };
                return null;
            case MessageTypes.Offer or MessageTypes.Answer:
                return ErrorCode.InvalidDescription;
            case MessageTypes.IceCandidate:
                return ErrorCode.InvalidCandidate;
            default:
                return ErrorCode.InvalidMessage;
        }
    }

    private static ErrorCode? Deserialize<T>(MessageReader reader, JsonTypeInfo<T> type, out ClientMessage? message)
        where T : ClientMessage
    {
        message = JsonSerializer.Deserialize(reader.Utf8.Span, type);
        return null;
    }

    /// <summary>What was understood before the decoding failed.</summary>
    private struct Known
    {
        public string? Type;
        public bool IsSignaling;
        public RequestId? Id;
        public ReadOnlyMemory<byte>? Token;

        public readonly DecodeFailure Fail(ErrorCode code) => new(code, Type, IsSignaling, Id, Token);
    }
}
