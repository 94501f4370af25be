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

    /// <summary>False if the text is not JSON, is nested too deeply, is no object or names a member twice.</summary>
    /// <exception cref="InvalidOperationException">A name holds half of a surrogate pair.</exception>
    public static bool TryScan(ReadOnlySpan<byte> message, Span<MemberSlice> members)
    {
        var scanner = new JsonScanner(message);
        HashSet<string>? others = null;
        if (!scanner.TryTake('{'))
            return false;

        if (scanner.TryTake('}'))
            return scanner.IsAtEnd;

        do
        {
            var nameStart = scanner.Position;
            if (!scanner.TryTakeString())
                return false;

            var name = message[(nameStart + 1)..(scanner.Position - 1)];
            if (!scanner.TryTake(':'))
                return false;

            var start = scanner.Position;
            if (!scanner.TryTakeValue(MessageCodec.MaxDepth - 1))
                return false;

            var member = Identify(ref name);
            if (member == Member.Count ? !(others ??= new(StringComparer.Ordinal)).Add(Text(name)) : members[(int)member].IsPresent)
                return false;
            if (member != Member.Count)
                members[(int)member] = new MemberSlice(start, scanner.Position - start, KindOf(message[start]));
        }
        while (scanner.TryTake(','));
        return scanner.TryTake('}') && scanner.IsAtEnd;
    }

    private static Member Identify(ref ReadOnlySpan<byte> name)
    {
        // Compared unescaped, so that "\u0074oken" is the token. Nobody writes names so, but a second token could hide in it.
        if (name.Contains((byte)'\\'))
            name = Unescape(name);

        for (var i = 0; i < Names.Length; i++)
            if (name.SequenceEqual(Names[i]))
                return (Member)i;

        return Member.Count;
    }

    private static byte[] Unescape(ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader([(byte)'"', .. name, (byte)'"']);
        reader.Read();
        return Encoding.UTF8.GetBytes(reader.GetString()!);
    }

    private static string Text(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);

    private static JsonTokenType KindOf(byte first) => first switch
    {
        (byte)'"' => JsonTokenType.String,
        (byte)'{' => JsonTokenType.StartObject,
        (byte)'[' => JsonTokenType.StartArray,
        (byte)'t' => JsonTokenType.True,
        (byte)'f' => JsonTokenType.False,
        (byte)'n' => JsonTokenType.Null,
        _ => JsonTokenType.Number,
    };
}
