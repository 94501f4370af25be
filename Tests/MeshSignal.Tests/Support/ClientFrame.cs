using System.Buffers.Binary;
using System.Text;

namespace MeshSignal.Tests.Support;

/// <summary>Frames as a client may send them, or must not (RFC 6455 section 5.2).</summary>
internal static class ClientFrame
{
    public const int Continuation = 0;
    public const int TextOpcode = 1;
    public const int Binary = 2;
    public const int CloseOpcode = 8;
    public const int PingOpcode = 9;
    public const int PongOpcode = 10;

    public const int ReservedBit1 = 0x40;
    public const int ReservedBit2 = 0x20;
    public const int ReservedBit3 = 0x10;

    private static readonly byte[] Mask = [0x37, 0xFA, 0x21, 0x3D];

    /// <summary>One message, in one frame.</summary>
    public static byte[] Text(string text) => Of(TextOpcode, text);

    public static byte[] Of(int opcode, string text, bool isFinal = true) => Of(opcode, Encoding.UTF8.GetBytes(text), isFinal);

    public static byte[] Of(int opcode, byte[] payload, bool isFinal = true, int reserved = 0, byte[]? mask = null)
    {
        mask ??= Mask;
        var masked = payload.Select((value, i) => (byte)(value ^ mask[i % 4]));
        return [.. Header((isFinal ? 0x80 : 0) | reserved | opcode, (ulong)payload.Length, Form(payload.Length), mask), .. masked];
    }

    /// <param name="code">Null for a Close without any payload.</param>
    public static byte[] Close(int? code, params byte[] reason) =>
        Of(CloseOpcode, code is { } value ? [(byte)(value >> 8), (byte)value, .. reason] : []);

    /// <summary>The header alone, with whatever length it declares.</summary>
    /// <param name="first">FIN, reserved bits and opcode.</param>
    /// <param name="form">The length in 7, 16 or 64 bits.</param>
    public static byte[] Header(int first, ulong length, int form, byte[]? mask = null)
    {
        var extended = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(extended, length);
        return form switch
        {
            7 => [(byte)first, (byte)(0x80 | (int)length), .. mask ?? Mask],
            16 => [(byte)first, 0x80 | 126, .. extended[6..], .. mask ?? Mask],
            _ => [(byte)first, 0x80 | 127, .. extended, .. mask ?? Mask],
        };
    }

    public static byte[] Unmasked(int opcode, string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        return [(byte)(0x80 | opcode), (byte)payload.Length, .. payload];
    }

    private static int Form(int length) => length switch { <= 125 => 7, <= ushort.MaxValue => 16, _ => 64 };
}

/// <summary>A frame as the server sent it.</summary>
internal sealed record ServerFrame(int First, byte[] Payload)
{
    public int Opcode => First & 0x0F;

    public string Text => Encoding.UTF8.GetString(Payload);

    /// <summary>Of a Close frame.</summary>
    public int CloseCode => BinaryPrimitives.ReadUInt16BigEndian(Payload);
}
