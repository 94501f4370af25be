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
    Count,
}

/// <summary>Where a member's value stands in the message, quotes and brackets included.</summary>
internal readonly record struct MemberSlice(int Start, int Length, JsonTokenType Kind)
{
    public bool IsPresent => Length > 0;

    public ReadOnlyMemory<byte> In(ReadOnlyMemory<byte> message) => message.Slice(Start, Length);
}

/// <summary>
/// One pass over a message that checks the JSON grammar, finds the wanted members and refuses duplicates. Nothing is unescaped or copied, so that a
/// description of any size costs only this scan.
/// </summary>
internal static class MemberScan
{
    private static readonly byte[][] Names =
    [
        "type"u8.ToArray(), "token"u8.ToArray(), "targetUsername"u8.ToArray(), "candidate"u8.ToArray(), "offer"u8.ToArray(),
        "answer"u8.ToArray(), "buffer"u8.ToArray(), "targetPeerId"u8.ToArray(), "id"u8.ToArray(), "signal"u8.ToArray(),
    ];

    /// <exception cref="JsonException">The text is not JSON, is nested too deeply, is no object or names a member twice.</exception>
    /// <exception cref="InvalidOperationException">A name holds half of a surrogate pair.</exception>
    public static void Scan(ReadOnlySpan<byte> message, Span<MemberSlice> members)
    {
        var reader = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = MessageCodec.MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException();

        HashSet<string>? others = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = Identify(ref reader);
            var isDuplicate = member == Member.Count ? !(others ??= new(StringComparer.Ordinal)).Add(reader.GetString()!) : members[(int)member].IsPresent;
            if (isDuplicate)
                throw new JsonException();

            reader.Read();
            var (start, kind) = ((int)reader.TokenStartIndex, reader.TokenType);
            reader.Skip();
            if (member != Member.Count)
                members[(int)member] = new MemberSlice(start, (int)reader.BytesConsumed - start, kind);
        }

        // The reader throws on anything but white space behind the object.
        reader.Read();
    }

    private static Member Identify(ref Utf8JsonReader reader)
    {
        // Compares unescaped, so that "\u0074oken" is the token.
        for (var i = 0; i < Names.Length; i++)
            if (reader.ValueTextEquals(Names[i]))
                return (Member)i;

        return Member.Count;
    }
}
