using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace MeshSignal.Protocol;

/// <summary>The members of a message that are wanted without building objects. The order is the order in which names are compared: the frequent first.</summary>
internal enum Member
{
    Type,
    Token,
    TargetUsername,
    Candidate,
    Offer,
    Answer,
    Buffer,
    TargetPeerId,
    Id,
    Signal,
    Received,
}

/// <summary>Reads single members of a scanned message.</summary>
internal readonly ref struct MessageReader(ReadOnlyMemory<byte> utf8, ReadOnlySpan<MemberSlice> members)
{
    /// <summary>What each <see cref="Member"/> is called.</summary>
    public static readonly byte[][] Names =
    [
        "type"u8.ToArray(), "token"u8.ToArray(), "targetUsername"u8.ToArray(), "candidate"u8.ToArray(), "offer"u8.ToArray(),
        "answer"u8.ToArray(), "buffer"u8.ToArray(), "targetPeerId"u8.ToArray(), "id"u8.ToArray(), "signal"u8.ToArray(), "received"u8.ToArray(),
    ];

    private readonly ReadOnlySpan<MemberSlice> _members = members;

    public ReadOnlyMemory<byte> Utf8 { get; } = utf8;

    /// <summary>The token's characters; empty if it is missing or no string, which no session's token is.</summary>
    public ReadOnlyMemory<byte> Token
    {
        get
        {
            var slice = _members[(int)Member.Token];
            if (slice.Kind != JsonTokenType.String)
                return default;

            var characters = Utf8.Slice(slice.Start + 1, slice.Length - 2);
            return characters.Span.Contains((byte)'\\') ? Unescape(Member.Token) : characters;
        }
    }

    /// <summary>Only <c>true</c> itself asks for it, as js-chat-server has it.</summary>
    public bool Buffer => _members[(int)Member.Buffer].Kind == JsonTokenType.True;

    /// <summary>False if there is no type. A type that is none of <paramref name="types"/> is null.</summary>
    public bool TryGetType((string Name, byte[] Utf8)[] types, out string? type, out bool isSignaling)
    {
        (type, isSignaling) = (null, false);
        if (_members[(int)Member.Type].Kind != JsonTokenType.String)
            return false;

        var reader = At(Member.Type);
        foreach (var (name, nameUtf8) in types)
        {
            if (reader.ValueTextEquals(nameUtf8))
            {
                (type, isSignaling) = (name, name.StartsWith(MessageTypes.SignalingPrefix, StringComparison.Ordinal));
                return true;
            }
        }

        isSignaling = reader.GetString()!.StartsWith(MessageTypes.SignalingPrefix, StringComparison.Ordinal);
        return true;
    }

    /// <summary>False if there is an id that is none.</summary>
    public bool TryGetId(out RequestId? id)
    {
        id = null;
        if (!_members[(int)Member.Id].IsPresent)
            return true;

        var reader = At(Member.Id);
        var valid = RequestId.TryRead(ref reader, out var read);
        id = valid ? read : null;
        return valid;
    }

    /// <summary>False if there is a count that is none.</summary>
    public bool TryGetReceived(out long? received)
    {
        received = null;
        if (!_members[(int)Member.Received].IsPresent)
            return true;

        var reader = At(Member.Received);
        var valid = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var count) && count >= 0;
        received = valid ? reader.GetInt64() : null;
        return valid;
    }

    public bool TryGetTarget([NotNullWhen(true)] out string? username, out string? peerId)
    {
        username = GetString(Member.TargetUsername);
        peerId = GetString(Member.TargetPeerId);
        return !string.IsNullOrEmpty(username) && (peerId is not null || !_members[(int)Member.TargetPeerId].IsPresent);
    }

    public bool TryGetDescription(Member member, out SessionDescription description)
    {
        var slice = _members[(int)member];
        description = new SessionDescription(slice.In(Utf8));
        return slice.Kind == JsonTokenType.StartObject || IsText(slice);
    }

    public bool TryGetCandidate(out IceCandidate candidate)
    {
        var slice = _members[(int)Member.Candidate];
        candidate = new IceCandidate(slice.In(Utf8));
        return slice.Kind is JsonTokenType.StartObject or JsonTokenType.String or JsonTokenType.Null;
    }

    public bool TryGetSignal(out OpaqueSignal signal)
    {
        var slice = _members[(int)Member.Signal];
        signal = new OpaqueSignal(slice.In(Utf8));
        return slice.IsPresent && slice.Kind != JsonTokenType.Null;
    }

    /// <summary>Empty if it holds half of a surrogate pair: no token does, and nobody is spared the check of his token by one.</summary>
    private byte[] Unescape(Member member)
    {
        try
        {
            return Encoding.UTF8.GetBytes(At(member).GetString()!);
        }
        catch (InvalidOperationException)
        {
            return [];
        }
    }

    private static bool IsText(MemberSlice slice) => slice.Kind == JsonTokenType.String && slice.Length > 2;

    private string? GetString(Member member) => _members[(int)member].Kind == JsonTokenType.String ? At(member).GetString() : null;

    private Utf8JsonReader At(Member member)
    {
        var reader = new Utf8JsonReader(_members[(int)member].In(Utf8).Span);
        reader.Read();
        return reader;
    }
}
