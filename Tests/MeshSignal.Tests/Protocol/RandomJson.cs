using FsCheck;
using FsCheck.Fluent;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

/// <summary>JSON text in all its spellings: white space, escapes, odd numbers, halves of surrogate pairs.</summary>
internal static class RandomJson
{
    private static readonly Gen<string> Space = Gen.Frequency((6, Gen.Constant("")), (1, Gen.Elements(" ", "\n", "\t", "\r\n", "   ")));

    private static readonly Gen<string> Text =
        from pieces in Some(6, Gen.Elements(
            "a", "v=0", " ", "ä", "😀", "<", "/", @"\/", @"\""", @"\\", @"\r\n", @"\u0000", @"\u0061", @"\ud83d\ude00", @"\ud800", "{", "]", ":", "\u2028"))
        select $"\"{string.Concat(pieces)}\"";

    private static readonly Gen<string> Scalar = Gen.OneOf(
        Text,
        Gen.Elements("null", "true", "false", "0", "-0", "1.0", "1e999", "-1E-7", "12345678901234567890", "7"));

    private static readonly Gen<string> MemberName = Gen.Frequency(
        (3, Gen.Elements(
            "type", "token", "id", "targetUsername", "targetPeerId", "offer", "answer", "candidate", "buffer", "signal", "content", "room", "mediaTypes",
            "previousPeerId", "username", @"\u0074ype", @"t\u006fken").Select(name => $"\"{name}\"")),
        (1, Text));

    private static readonly Gen<string> MemberValue = Gen.Frequency(
        (4, Value(3)),
        (2, Gen.Elements(
            MessageTypes.Ping, MessageTypes.Chat, MessageTypes.Typing, MessageTypes.Join, MessageTypes.Leave, MessageTypes.Offer, MessageTypes.Answer,
            MessageTypes.IceCandidate, MessageTypes.MediaChange, MessageTypes.Signal, "nothing").Select(type => $"\"{type}\"")));

    /// <summary>An object with the members that a message may have, in any order and number, and others.</summary>
    public static Gen<string> Message =>
        from type in Gen.Elements(
            MessageTypes.Ping, MessageTypes.Chat, MessageTypes.Join, MessageTypes.Offer, MessageTypes.Answer, MessageTypes.IceCandidate,
            MessageTypes.MediaChange, MessageTypes.Signal)
        from before in Some(4, Members)
        from after in Some(4, Members)
        select $"{{{string.Join(',', [.. before, $"\"type\":\"{type}\"", .. after])}}}";

    private static Gen<string> Members => Pair(MemberName, MemberValue);

    /// <summary>Any value, nested at most so deep.</summary>
    public static Gen<string> Value(int depth) => depth == 0
        ? Scalar
        : Gen.Frequency(
            (2, Scalar),
            (1, Some(4, Spaced(Value(depth - 1))).Select(items => $"[{string.Join(',', items)}]")),
            (1, Some(4, Pair(Text, Value(depth - 1))).Select(members => $"{{{string.Join(',', members)}}}")),
            (1, Space.Select(space => $"[{space}]")));

    private static Gen<string> Pair(Gen<string> name, Gen<string> value) =>
        from spacedName in Spaced(name)
        from spacedValue in Spaced(value)
        select $"{spacedName}:{spacedValue}";

    private static Gen<string> Spaced(Gen<string> gen) =>
        from before in Space
        from text in gen
        from after in Space
        select $"{before}{text}{after}";

    private static Gen<string[]> Some(int most, Gen<string> gen) => Gen.Choose(0, most).SelectMany(count => gen.ArrayOf(count));
}
