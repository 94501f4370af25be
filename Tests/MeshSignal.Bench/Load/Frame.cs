using System.Buffers.Binary;

namespace MeshSignal.Bench.Load;

/// <summary>Client frames, built and masked once, before any load (RFC 6455, section 5.2).</summary>
internal static class Frame
{
    public const byte Text = 0x1;
    public const byte Close = 0x8;
    public const byte Ping = 0x9;
    public const byte Pong = 0xA;

    // Not zero: `ws` does not unmask at all then, and would be measured doing less than it does for a browser.
    private static ReadOnlySpan<byte> Mask => [0x5a, 0xc3, 0x17, 0x9e];

    public static byte[] Build(byte opcode, ReadOnlySpan<byte> payload)
    {
        var extended = payload.Length > 125;
        if (payload.Length > ushort.MaxValue) throw new BenchException($"no frame of {payload.Length} bytes is needed");

        var frame = new byte[(extended ? 8 : 6) + payload.Length];
        frame[0] = (byte)(0x80 | opcode);
        frame[1] = (byte)(0x80 | (extended ? 126 : payload.Length));
        if (extended) BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
        var body = frame.AsSpan(frame.Length - payload.Length);
        Mask.CopyTo(frame.AsSpan(frame.Length - payload.Length - 4));
        for (var i = 0; i < body.Length; i++) body[i] = (byte)(payload[i] ^ Mask[i & 3]);
        return frame;
    }
}
