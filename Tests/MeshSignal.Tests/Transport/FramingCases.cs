using System.Text;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Transport;

/// <summary>What a peer writes, piece by piece.</summary>
internal sealed record FramingCase(string Name, params byte[][] Writes)
{
    public override string ToString() => Name;
}

/// <summary>Everything in the framing that is worth a case, in the categories of RFC 6455 section 5, and what has to come of it.</summary>
internal static class FramingCases
{
    private const int NotFinal = 0x00;
    private const int Final = 0x80;
    private const string Ping = """{"type":"ping"}""";

    private static readonly byte[] PingUtf8 = Encoding.UTF8.GetBytes(Ping);
    private static readonly byte[] Longest = new byte[125];

    /// <summary>Each is one <c>ping</c> message; RFC 6455 pings among them are listed with the payload that must come back.</summary>
    public static IEnumerable<TestCaseData> Legal =>
    [
        Case([], "one frame", ClientFrame.Text(Ping)),
        Case([], "byte by byte", [.. ClientFrame.Text(Ping).Select(value => new[] { value })]),
        Case([], "a mask of zeros", ClientFrame.Of(ClientFrame.TextOpcode, PingUtf8, mask: [0, 0, 0, 0])),
        Case([], "126 bytes in the 16-bit form", ClientFrame.Text(Ping.PadRight(126))),
        Case([], "65535 bytes in the 16-bit form", ClientFrame.Text(Ping.PadRight(65_535))),
        Case([], "the largest message, in the 64-bit form", ClientFrame.Text(Ping.PadRight(65_536))),
        Case([], "two fragments", Fragments(Ping[..5], Ping[5..])),
        Case([], "two fragments in one piece", [.. Fragments(Ping[..5], Ping[5..]).SelectMany(frame => frame)]),
        Case([], "empty fragments around it", Fragments("", Ping, "")),
        Case([], "64 fragments", Fragments([Ping, .. Enumerable.Repeat("", 63)])),
        Case([], "the largest message in two fragments", Fragments(Ping.PadRight(40_000), "".PadRight(25_536))),
        Case(["between"], "a ping between fragments", Between(ClientFrame.Of(ClientFrame.PingOpcode, "between"))),
        Case([], "a pong between fragments", Between(ClientFrame.Of(ClientFrame.PongOpcode, "nobody asked"))),
        Case([""], "an empty ping before it", ClientFrame.Of(ClientFrame.PingOpcode, ""), ClientFrame.Text(Ping)),
        Case([Encoding.UTF8.GetString(Longest)], "the longest ping before it", ClientFrame.Of(ClientFrame.PingOpcode, Longest), ClientFrame.Text(Ping)),
        Case(["1", "2"], "pings, a pong and it in one piece",
        [
            .. ClientFrame.Of(ClientFrame.PingOpcode, "1"), .. ClientFrame.Of(ClientFrame.PongOpcode, ""), .. ClientFrame.Of(ClientFrame.PingOpcode, "2"),
            .. ClientFrame.Text(Ping),
        ]),
        Case([], "characters of two to four bytes, cut between fragments", Cut(Utf8Ping, 22, 25, 29)),
    ];

    public static IEnumerable<TestCaseData> Violations =>
    [
        .. new[] { ClientFrame.ReservedBit1, ClientFrame.ReservedBit2, ClientFrame.ReservedBit3 }
            .Select(bit => Refused(1002, $"reserved bit {bit:X2}", ClientFrame.Of(ClientFrame.TextOpcode, PingUtf8, reserved: bit))),
        .. new[] { 3, 4, 5, 6, 7, 11, 12, 13, 14, 15 }.Select(opcode => Refused(1002, $"opcode {opcode}", ClientFrame.Of(opcode, Ping))),
        Refused(1002, "an unmasked message", ClientFrame.Unmasked(ClientFrame.TextOpcode, Ping)),
        Refused(1002, "an unmasked ping", ClientFrame.Unmasked(ClientFrame.PingOpcode, "")),
        Refused(1002, "an unmasked Close", ClientFrame.Unmasked(ClientFrame.CloseOpcode, "")),
        Refused(1002, "125 bytes in the 16-bit form", ClientFrame.Header(Final | ClientFrame.TextOpcode, 125, 16)),
        Refused(1002, "65535 bytes in the 64-bit form", ClientFrame.Header(Final | ClientFrame.TextOpcode, 65_535, 64)),
        Refused(1002, "a length with its highest bit set", ClientFrame.Header(Final | ClientFrame.TextOpcode, 1UL << 63, 64)),
        Refused(1002, "a ping in fragments", ClientFrame.Of(ClientFrame.PingOpcode, "a", isFinal: false)),
        Refused(1002, "a ping of 126 bytes", ClientFrame.Of(ClientFrame.PingOpcode, new byte[126])),
        Refused(1002, "a pong of 126 bytes", ClientFrame.Of(ClientFrame.PongOpcode, new byte[126])),
        Refused(1002, "a Close of 126 bytes", ClientFrame.Close(1000, new byte[124])),
        Refused(1002, "nothing to continue", ClientFrame.Of(ClientFrame.Continuation, Ping)),
        Refused(1002, "a message within a message", ClientFrame.Of(ClientFrame.TextOpcode, "{", isFinal: false), ClientFrame.Text(Ping)),
        Refused(1002, "a final fragment, and one more", [.. Fragments(Ping, ""), ClientFrame.Of(ClientFrame.Continuation, "")]),
        Refused(1003, "a binary message", ClientFrame.Of(ClientFrame.Binary, Ping)),
        Refused(1003, "an empty binary message", ClientFrame.Of(ClientFrame.Binary, "")),
        Refused(1003, "the first fragment of a binary message", ClientFrame.Header(NotFinal | ClientFrame.Binary, 4096, 16)),
        .. new[] { 65_537UL, 1UL << 31, 1UL << 32, (ulong)long.MaxValue }
            .Select(length => Refused(1009, $"a header that declares {length} bytes", ClientFrame.Header(Final | ClientFrame.TextOpcode, length, 64))),
        Refused(1009, "fragments that declare too much together",
            ClientFrame.Of(ClientFrame.TextOpcode, "".PadRight(60_000), isFinal: false), ClientFrame.Header(Final, 5_537, 16)),
        Refused(1008, "65 fragments", Fragments([Ping, .. Enumerable.Repeat("", 64)])),
        Refused(1008, "65 fragments without an end", [.. Fragments([Ping, .. Enumerable.Repeat("", 65)]).SkipLast(1)]),
        Refused(1008, "a flood of pings", [.. Enumerable.Repeat(ClientFrame.Of(ClientFrame.PingOpcode, ""), 500).SelectMany(frame => frame)]),
        Refused(1008, "a flood of pongs", [.. Enumerable.Repeat(ClientFrame.Of(ClientFrame.PongOpcode, ""), 500).SelectMany(frame => frame)]),
    ];

    /// <summary>Text that is not UTF-8, and what was done to hide it.</summary>
    public static IEnumerable<TestCaseData> BadText =>
    [
        Refused(1007, "an overlong form", Bad([0xC0, 0xAF])),
        Refused(1007, "a surrogate", Bad([0xED, 0xA0, 0x80])),
        Refused(1007, "beyond U+10FFFF", Bad([0xF4, 0x90, 0x80, 0x80])),
        Refused(1007, "a continuation byte alone", Bad([0x80])),
        Refused(1007, "a byte that never occurs", Bad([0xFE])),
        Refused(1007, "a character cut off by the end", ClientFrame.Of(ClientFrame.TextOpcode, [0x20, 0xE2, 0x82])),
        Refused(1007, "a character cut off by the end of the last fragment", Cut([0x20, 0x20, 0xE2, 0x82], 2)),
        Refused(1007, "a character cut off by an empty last fragment", Cut([0x20, 0xE2, 0x82], 3)),
        Refused(1007, "a character whose second half is wrong, in another fragment", Cut([0xE2, 0x28, 0xA1], 1)),
        Refused(1007, "a fragment with more to come", ClientFrame.Of(ClientFrame.TextOpcode, [0xC0, 0xAF], isFinal: false)),
    ];

    private static byte[] Utf8Ping => Encoding.UTF8.GetBytes("""{"type":"ping","x":"äß€𝄞"}""");

    private static byte[] Bad(byte[] payload) => ClientFrame.Of(ClientFrame.TextOpcode, [.. "{\""u8, .. payload, .. "\":1}"u8]);

    private static byte[][] Fragments(params string[] parts) => Fragments([.. parts.Select(Encoding.UTF8.GetBytes)]);

    private static byte[][] Fragments(byte[][] parts) =>
        [.. parts.Select((part, i) => ClientFrame.Of(i == 0 ? ClientFrame.TextOpcode : ClientFrame.Continuation, part, isFinal: i == parts.Length - 1))];

    private static byte[][] Cut(byte[] payload, params int[] at) =>
        Fragments([.. at.Prepend(0).Zip([.. at, payload.Length], (start, end) => payload[start..end])]);

    private static byte[][] Between(byte[] control) => [Fragments(Ping[..3], Ping[3..])[0], control, Fragments(Ping[..3], Ping[3..])[1]];

    private static TestCaseData Case(string[] pongs, string name, params byte[][] writes) =>
        new TestCaseData(new FramingCase(name, writes), pongs).SetArgDisplayNames(name);

    private static TestCaseData Refused(int code, string name, params byte[][] writes) =>
        new TestCaseData(new FramingCase(name, writes), code).SetArgDisplayNames(name, $"{code}");
}
