using System.Buffers.Binary;

namespace MeshSignal.Tests.Transport;

internal enum LengthForm
{
    Shortest,
    Bits16,
    Bits64,
}

/// <summary>Frames as a client sends them, with a payload of zeros under the mask; and such as none should.</summary>
internal static class MaskedFrame
{
    public const int Continuation = 0x0;
    public const int Text = 0x1;
    public const int Binary = 0x2;
    public const int Close = 0x8;
    public const int Ping = 0x9;
    public const int Pong = 0xA;

    public static byte[] Frame(
        int opcode, int length, bool isFinal = true, bool isMasked = true, int reserved = 0, LengthForm form = LengthForm.Shortest) =>
        [.. Header(opcode, (ulong)length, isFinal, isMasked, reserved, form), .. new byte[length]];

    public static byte[] Header(
        int opcode, ulong length, bool isFinal = true, bool isMasked = true, int reserved = 0, LengthForm form = LengthForm.Shortest)
    {
        Span<byte> extended = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(extended, length);
        var size = form switch { LengthForm.Bits16 => 2, LengthForm.Bits64 => 8, _ => length switch { <= 125 => 0, <= 65_535 => 2, _ => 8 } };
        var code = size switch { 0 => (int)length, 2 => 126, _ => 127 };
        byte[] mask = isMasked ? [1, 2, 3, 4] : [];
        return [(byte)((isFinal ? 0x80 : 0) | reserved | opcode), (byte)((isMasked ? 0x80 : 0) | code), .. extended[^size..], .. mask];
    }
}
