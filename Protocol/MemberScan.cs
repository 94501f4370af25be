using System.Text;
using System.Text.Json;

namespace MeshSignal.Protocol;

/// <summary>Where a member's value stands in the object's text, quotes and brackets included.</summary>
public readonly record struct MemberSlice(int Start, int Length, JsonTokenType Kind)
{
    public bool IsPresent => Length > 0;

    public ReadOnlyMemory<byte> In(ReadOnlyMemory<byte> text) => text.Slice(Start, Length);

    public ReadOnlySpan<byte> In(ReadOnlySpan<byte> text) => text.Slice(Start, Length);
}

/// <summary>
/// One pass over an object that checks the JSON grammar, finds the wanted members and refuses duplicates. Nothing is unescaped or copied, so that a
/// description of any size costs only this scan.
/// </summary>
public static class MemberScan
{
    /// <summary>False if the text is not JSON, is nested too deeply, holds too many values, is no object or names a member twice, wanted or not.</summary>
    /// <param name="names">The members wanted, unescaped, in the order in which names are compared.</param>
    /// <param name="members">One for each name.</param>
    /// <exception cref="InvalidOperationException">A name holds half of a surrogate pair.</exception>
    public static bool TryScan(ReadOnlySpan<byte> text, ReadOnlySpan<byte[]> names, Span<MemberSlice> members)
    {
        var scanner = new JsonScanner(text);
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

            var name = text[(nameStart + 1)..(scanner.Position - 1)];
            if (!scanner.TryTake(':'))
                return false;

            var start = scanner.Position;
            if (!scanner.TryTakeValue(MessageCodec.MaxDepth - 1))
                return false;

            var member = Identify(ref name, names);
            if (member < 0 ? !(others ??= new(StringComparer.Ordinal)).Add(Encoding.UTF8.GetString(name)) : members[member].IsPresent)
                return false;
            if (member >= 0)
                members[member] = new MemberSlice(start, scanner.Position - start, KindOf(text[start]));
        }
        while (scanner.TryTake(','));
        return scanner.TryTake('}') && scanner.IsAtEnd;
    }

    /// <summary>Below 0 if it is none of them.</summary>
    private static int Identify(ref ReadOnlySpan<byte> name, ReadOnlySpan<byte[]> names)
    {
        // Compared unescaped, so that "\u0074oken" is the token. Nobody writes names so, but a second token could hide in it.
        if (name.Contains((byte)'\\'))
            name = Unescape(name);

        for (var i = 0; i < names.Length; i++)
            if (name.SequenceEqual(names[i]))
                return i;

        return -1;
    }

    private static byte[] Unescape(ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader([(byte)'"', .. name, (byte)'"']);
        reader.Read();
        return Encoding.UTF8.GetBytes(reader.GetString()!);
    }

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
