using System.Buffers.Binary;
using System.Text;

namespace MeshSignal.Tests.Support;

/// <summary>How many bits a frame's length takes; the standard demands the fewest.</summary>
internal enum LengthForm
{
    Shortest,
    Bits16,
    Bits64,
}

/// <summary>Frames as a client may send them, or must not (RFC 6455 section 5.2).</summary>
internal static class ClientFrame
{
    public const int Continuation = 0x0;
    public const int Text = 0x1;
    public const int Binary = 0x2;
    public const int Close = 0x8;
    public const int Ping = 0x9;
    public const int Pong = 0xA;

    public const int ReservedBit1 = 0x40;
    public const int ReservedBit2 = 0x20;
    public const int ReservedBit3 = 0x10;

    private static readonly byte[] Mask = [0x37, 0xFA, 0x21, 0x3D];

    /// <summary>One text message, in one frame.</summary>
    public static byte[] Message(string text) => Frame(Text, text);

    /// <param name="code">Null for a Close without any payload.</param>
    public static byte[] Closing(int? code, params byte[] reason) =>
        Frame(Close, code is { } value ? [(byte)(value >> 8), (byte)value, .. reason] : Array.Empty<byte>());

    public static byte[] Frame(int opcode, string payload, bool isFinal = true, bool isMasked = true) =>
        Frame(opcode, Encoding.UTF8.GetBytes(payload), isFinal, isMasked);

    /// <summary>Where all that matters of the payload is its length.</summary>
    public static byte[] Frame(
        int opcode, int length, bool isFinal = true, bool isMasked = true, int reserved = 0, LengthForm form = LengthForm.Shortest) =>
        Frame(opcode, new byte[length], isFinal, isMasked, reserved, form);

    public static byte[] Frame(
        int opcode, byte[] payload, bool isFinal = true, bool isMasked = true, int reserved = 0, LengthForm form = LengthForm.Shortest, byte[]? mask = null)
    {
        var key = isMasked ? mask ?? Mask : [0, 0, 0, 0];
        return [.. Header(opcode, (ulong)payload.Length, isFinal, isMasked, reserved, form, mask), .. payload.Select((value, i) => (byte)(value ^ key[i % 4]))];
    }

    /// <summary>The header alone, with whatever length it declares.</summary>
    public static byte[] Header(
        int opcode, ulong length, bool isFinal = true, bool isMasked = true, int reserved = 0, LengthForm form = LengthForm.Shortest, byte[]? mask = null)
    {
        Span<byte> extended = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(extended, length);
        var size = form switch { LengthForm.Bits16 => 2, LengthForm.Bits64 => 8, _ => length switch { <= 125 => 0, <= 65_535 => 2, _ => 8 } };
        var code = size switch { 0 => (int)length, 2 => 126, _ => 127 };
        return
        [
            (byte)((isFinal ? 0x80 : 0) | reserved | opcode), (byte)((isMasked ? 0x80 : 0) | code), .. extended[^size..], .. isMasked ? mask ?? Mask : [],
        ];
    }
}
