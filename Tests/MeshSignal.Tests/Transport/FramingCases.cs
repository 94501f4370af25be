using System.Text;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>What a peer writes, piece by piece.</summary>
internal sealed record FramingCase(string Name, params byte[][] Writes)
{
    /// <summary>A known gap of Fleck, which looks at a text when it is whole: without this behind the rest it finds nothing wrong.</summary>
    public byte[]? FleckWaitsFor { get; init; }

    public override string ToString() => Name;
}

/// <summary>Everything in the framing that is worth a case, in the categories of RFC 6455 section 5, and what has to come of it.</summary>
internal static class FramingCases
{
    private const string PingJson = """{"type":"ping"}""";

    private static readonly byte[] PingUtf8 = Encoding.UTF8.GetBytes(PingJson);
    private static readonly byte[] Longest = new byte[125];

    /// <summary>Each is one <c>ping</c> message; RFC 6455 pings among them are listed with the payload that must come back.</summary>
    public static IEnumerable<TestCaseData> Legal =>
    [
        Case([], "one frame", Message(PingJson)),
        Case([], "byte by byte", [.. Message(PingJson).Select(value => new[] { value })]),
        Case([], "a mask of zeros", Frame(Text, PingUtf8, mask: [0, 0, 0, 0])),
        Case([], "126 bytes in the 16-bit form", Message(PingJson.PadRight(126))),
        Case([], "65535 bytes in the 16-bit form", Message(PingJson.PadRight(65_535))),
        Case([], "the largest message, in the 64-bit form", Message(PingJson.PadRight(65_536))),
        Case([], "two fragments", Fragments(PingJson[..5], PingJson[5..])),
        Case([], "two fragments in one piece", [.. Fragments(PingJson[..5], PingJson[5..]).SelectMany(frame => frame)]),
        Case([], "empty fragments around it", Fragments("", PingJson, "")),
        Case([], "64 fragments", Fragments([PingJson, .. Enumerable.Repeat("", 63)])),
        Case([], "the largest message in two fragments", Fragments(PingJson.PadRight(40_000), "".PadRight(25_536))),
        Case(["between"], "a ping between fragments", Between(Frame(Ping, "between"))),
        Case([], "a pong between fragments", Between(Frame(Pong, "nobody asked"))),
        Case([""], "an empty ping before it", Frame(Ping, ""), Message(PingJson)),
        Case([Encoding.UTF8.GetString(Longest)], "the longest ping before it", Frame(Ping, Longest), Message(PingJson)),
        Case(["1", "2"], "pings, a pong and it in one piece", [.. Frame(Ping, "1"), .. Frame(Pong, ""), .. Frame(Ping, "2"), .. Message(PingJson)]),
        Case([], "characters of two to four bytes, cut between fragments", Cut(Utf8Ping, 22, 25, 29)),
    ];

    public static IEnumerable<TestCaseData> Violations =>
    [
        .. new[] { ReservedBit1, ReservedBit2, ReservedBit3 }
            .Select(bit => Refused(1002, $"reserved bit {bit:X2}", Frame(Text, PingUtf8, reserved: bit))),
        .. new[] { 3, 4, 5, 6, 7, 11, 12, 13, 14, 15 }.Select(opcode => Refused(1002, $"opcode {opcode}", Frame(opcode, PingJson))),
        Refused(1002, "an unmasked message", Frame(Text, PingJson, isMasked: false)),
        Refused(1002, "an unmasked ping", Frame(Ping, "", isMasked: false)),
        Refused(1002, "an unmasked Close", Frame(Close, "", isMasked: false)),
        Refused(1002, "125 bytes in the 16-bit form", Header(Text, 125, form: LengthForm.Bits16)),
        Refused(1002, "65535 bytes in the 64-bit form", Header(Text, 65_535, form: LengthForm.Bits64)),
        Refused(1002, "a length with its highest bit set", Header(Text, 1UL << 63)),
        Refused(1002, "a ping in fragments", Frame(Ping, "a", isFinal: false)),
        Refused(1002, "a ping of 126 bytes", Frame(Ping, new byte[126])),
        Refused(1002, "a pong of 126 bytes", Frame(Pong, new byte[126])),
        Refused(1002, "a Close of 126 bytes", Closing(1000, new byte[124])),
        Refused(1002, "nothing to continue", Frame(Continuation, PingJson)),
        Refused(1002, "a message within a message", Frame(Text, "{", isFinal: false), Message(PingJson)),
        Refused(1002, "a final fragment, and one more", [.. Fragments(PingJson, ""), Frame(Continuation, "")]),
        Refused(1003, "a binary message", Frame(Binary, PingJson)),
        Refused(1003, "an empty binary message", Frame(Binary, "")),
        Refused(1003, "the first fragment of a binary message", Header(Binary, 4096, isFinal: false)),
        .. new[] { 65_537UL, 1UL << 31, 1UL << 32, (ulong)long.MaxValue }
            .Select(length => Refused(1009, $"a header that declares {length} bytes", Header(Text, length))),
        Refused(1009, "fragments that declare too much together",
            Frame(Text, "".PadRight(60_000), isFinal: false), Header(Continuation, 5_537)),
        Refused(1008, "65 fragments", Fragments([PingJson, .. Enumerable.Repeat("", 64)])),
        Refused(1008, "65 fragments without an end", [.. Fragments([PingJson, .. Enumerable.Repeat("", 65)]).SkipLast(1)]),
        Refused(1008, "a flood of pings", [.. Enumerable.Repeat(Frame(Ping, ""), 500).SelectMany(frame => frame)]),
        Refused(1008, "a flood of pongs", [.. Enumerable.Repeat(Frame(Pong, ""), 500).SelectMany(frame => frame)]),
    ];

    /// <summary>Text that is not UTF-8, and what was done to hide it.</summary>
    public static IEnumerable<TestCaseData> BadText =>
    [
        Refused(1007, "an overlong form", Bad([0xC0, 0xAF])),
        Refused(1007, "a surrogate", Bad([0xED, 0xA0, 0x80])),
        Refused(1007, "beyond U+10FFFF", Bad([0xF4, 0x90, 0x80, 0x80])),
        Refused(1007, "a continuation byte alone", Bad([0x80])),
        Refused(1007, "a byte that never occurs", Bad([0xFE])),
        Refused(1007, "a character cut off by the end", Frame(Text, [0x20, 0xE2, 0x82])),
        Refused(1007, "a character cut off by the end of the last fragment", Cut([0x20, 0x20, 0xE2, 0x82], 2)),
        Refused(1007, "a character cut off by an empty last fragment", Cut([0x20, 0xE2, 0x82], 3)),
        Refused(1007, "a character whose second half is wrong, in another fragment", Cut([0xE2, 0x28, 0xA1], 1)),
        Refused(1007, new FramingCase("a fragment with more to come", Frame(Text, [0xC0, 0xAF], isFinal: false)) { FleckWaitsFor = Frame(Continuation, "") }),
    ];

    private static byte[] Utf8Ping => Encoding.UTF8.GetBytes("""{"type":"ping","x":"äß€𝄞"}""");

    private static byte[] Bad(byte[] payload) => Frame(Text, [.. "{\""u8, .. payload, .. "\":1}"u8]);

    private static byte[][] Fragments(params string[] parts) => Fragments([.. parts.Select(Encoding.UTF8.GetBytes)]);

    private static byte[][] Fragments(byte[][] parts) =>
        [.. parts.Select((part, i) => Frame(i == 0 ? Text : Continuation, part, isFinal: i == parts.Length - 1))];

    private static byte[][] Cut(byte[] payload, params int[] at) =>
        Fragments([.. at.Prepend(0).Zip([.. at, payload.Length], (start, end) => payload[start..end])]);

    private static byte[][] Between(byte[] control) => [Fragments(PingJson[..3], PingJson[3..])[0], control, Fragments(PingJson[..3], PingJson[3..])[1]];

    private static TestCaseData Case(string[] pongs, string name, params byte[][] writes) =>
        new TestCaseData(new FramingCase(name, writes), pongs).SetArgDisplayNames(name);

    private static TestCaseData Refused(int code, string name, params byte[][] writes) => Refused(code, new FramingCase(name, writes));

    private static TestCaseData Refused(int code, FramingCase written) => new TestCaseData(written, code).SetArgDisplayNames(written.Name, $"{code}");
}
