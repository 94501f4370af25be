using MeshSignal.Protocol;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>One case for each rule of RFC 6455 section 5.2 to 5.5 and of ours, on either side of its edge.</summary>
internal static class FrameHeaderCases
{
    public const int MaxMessageBytes = 65_536;
    public const int MaxFragments = 64;

    public static IEnumerable<TestCaseData> Lawful =>
    [
        Case("an empty text", Frame(Text, 0)),
        Case("a text", Frame(Text, 5)),
        Case("the longest length of 7 bits", Frame(Text, 125)),
        Case("the shortest length of 16 bits", Frame(Text, 126)),
        Case("the longest length of 16 bits", Frame(Text, 65_535)),
        Case("the largest message, in 64 bits", Frame(Text, MaxMessageBytes)),
        Case("one message after another", Frame(Text, 3), Frame(Text, 0), Frame(Text, 300)),
        Case("a message in two fragments", Frame(Text, 3, isFinal: false), Frame(Continuation, 4)),
        Case("a message that is empty in fragments", Frame(Text, 0, isFinal: false), Frame(Continuation, 0)),
        Case(
            "the most fragments",
            [Frame(Text, 0, isFinal: false), .. Repeat(MaxFragments - 2, Frame(Continuation, 1, isFinal: false)), Frame(Continuation, 1)]),
        Case(
            "fragments that are the largest message together",
            Frame(Text, 65_535, isFinal: false), Frame(Continuation, 0, isFinal: false), Frame(Continuation, 1)),
        Case("two of the largest messages", Frame(Text, MaxMessageBytes), Frame(Text, MaxMessageBytes)),
        Case("a ping", Frame(Ping, 0)),
        Case("the longest ping", Frame(Ping, 125)),
        Case("a pong that nobody asked for", Frame(Pong, 125)),
        Case("a ping between fragments", Frame(Text, 1, isFinal: false), Frame(Ping, 2), Frame(Continuation, 1)),
        Case("a Close", Frame(Close, 0)),
        Case("a Close with a reason", Frame(Close, 125)),
        Case("a Close between fragments", Frame(Text, 1, isFinal: false), Frame(Close, 2)),
        Case("twenty control frames at once", Repeat(20, Frame(Pong, 0))),
        Case("a header that is not yet whole", [0x81]),
        Case("a length that is not yet whole", [0x81, 0xFF, 0, 0, 0]),
    ];

    public static IEnumerable<TestCaseData> Unlawful =>
    [
        Case("reserved bit 1", CloseCode.ProtocolError, Frame(Text, 1, reserved: ReservedBit1)),
        Case("reserved bit 2", CloseCode.ProtocolError, Frame(Text, 1, reserved: ReservedBit2)),
        Case("reserved bit 3", CloseCode.ProtocolError, Frame(Text, 1, reserved: ReservedBit3)),
        Case("a reserved bit in a ping", CloseCode.ProtocolError, Frame(Ping, 0, reserved: ReservedBit1)),
        Case("opcode 3", CloseCode.ProtocolError, Frame(0x3, 0)),
        Case("opcode 7", CloseCode.ProtocolError, Frame(0x7, 0)),
        Case("opcode 11", CloseCode.ProtocolError, Frame(0xB, 0)),
        Case("opcode 15", CloseCode.ProtocolError, Frame(0xF, 0)),
        Case("a text without a mask", CloseCode.ProtocolError, Frame(Text, 1, isMasked: false)),
        Case("a ping without a mask", CloseCode.ProtocolError, Frame(Ping, 0, isMasked: false)),
        Case("125 in 16 bits", CloseCode.ProtocolError, Frame(Text, 125, form: LengthForm.Bits16)),
        Case("nothing in 16 bits", CloseCode.ProtocolError, Frame(Text, 0, form: LengthForm.Bits16)),
        Case("65 535 in 64 bits", CloseCode.ProtocolError, Frame(Text, 65_535, form: LengthForm.Bits64)),
        Case("nothing in 64 bits", CloseCode.ProtocolError, Frame(Text, 0, form: LengthForm.Bits64)),
        Case("a length with its highest bit set", CloseCode.ProtocolError, Header(Text, 1UL << 63)),
        Case("the longest length that can be written", CloseCode.ProtocolError, Header(Text, ulong.MaxValue)),
        Case("a ping in fragments", CloseCode.ProtocolError, Frame(Ping, 0, isFinal: false)),
        Case("a Close in fragments", CloseCode.ProtocolError, Frame(Close, 0, isFinal: false)),
        Case("a ping of 126 bytes", CloseCode.ProtocolError, Frame(Ping, 126)),
        Case("a Close of 65 536 bytes", CloseCode.ProtocolError, Header(Close, 65_536)),
        Case("a continuation of nothing", CloseCode.ProtocolError, Frame(Continuation, 1)),
        Case("a continuation of nothing, not final", CloseCode.ProtocolError, Frame(Continuation, 1, isFinal: false)),
        Case("a continuation after a whole message", CloseCode.ProtocolError, Frame(Text, 1), Frame(Continuation, 1)),
        Case(
            "a continuation of a message that is over",
            CloseCode.ProtocolError,
            Frame(Text, 1, isFinal: false), Frame(Continuation, 1), Frame(Continuation, 1)),
        Case("a text amid another", CloseCode.ProtocolError, Frame(Text, 1, isFinal: false), Frame(Text, 1)),
        Case("a text amid another, with a ping between", CloseCode.ProtocolError, Frame(Text, 1, isFinal: false), Frame(Ping, 1), Frame(Text, 1)),
        Case("binary", CloseCode.UnsupportedData, Frame(Binary, 1)),
        Case("binary of 2^62 bytes", CloseCode.UnsupportedData, Header(Binary, 1UL << 62)),
        Case("65 537 bytes declared", CloseCode.MessageTooBig, Header(Text, 65_537)),
        Case("2^31 bytes declared", CloseCode.MessageTooBig, Header(Text, 1UL << 31)),
        Case("2^32 bytes declared", CloseCode.MessageTooBig, Header(Text, 1UL << 32)),
        Case("2^63 - 1 bytes declared", CloseCode.MessageTooBig, Header(Text, long.MaxValue)),
        Case("one byte too much in the last fragment", CloseCode.MessageTooBig, Frame(Text, 65_535, isFinal: false), Header(Continuation, 2)),
        Case("fragments whose sum would overflow", CloseCode.MessageTooBig, Frame(Text, 60_000, isFinal: false), Header(Continuation, int.MaxValue)),
        Case("a fragment that alone is too large", CloseCode.MessageTooBig, Header(Text, 65_537, isFinal: false)),
        Case(
            "a fragment too many",
            CloseCode.PolicyViolation,
            [Frame(Text, 1, isFinal: false), .. Repeat(MaxFragments, Frame(Continuation, 1, isFinal: false))]),
        Case(
            "an empty fragment too many",
            CloseCode.PolicyViolation,
            [Frame(Text, 0, isFinal: false), .. Repeat(MaxFragments, Frame(Continuation, 0, isFinal: false))]),
        Case(
            "a last fragment too many",
            CloseCode.PolicyViolation,
            [Frame(Text, 0, isFinal: false), .. Repeat(MaxFragments - 1, Frame(Continuation, 0, isFinal: false)), Frame(Continuation, 0)]),
        Case("the twenty-first ping", CloseCode.PolicyViolation, Repeat(21, Frame(Ping, 0))),
        Case("the twenty-first control frame, among messages", CloseCode.PolicyViolation, Repeat(21, [.. Frame(Text, 1), .. Frame(Pong, 3)])),
    ];

    private static TestCaseData Case(string name, params byte[][] frames) =>
        new TestCaseData(frames.SelectMany(frame => frame).ToArray()).SetArgDisplayNames(name);

    private static TestCaseData Case(string name, CloseCode code, params byte[][] frames) =>
        new TestCaseData(code, frames.SelectMany(frame => frame).ToArray()).SetArgDisplayNames(name);

    private static byte[][] Repeat(int count, byte[] frame) => [.. Enumerable.Repeat(frame, count)];
}
