using System.Buffers.Binary;
using System.Text;

namespace MeshSignal.Tests.Support;

/// <summary>A frame as the server sent it.</summary>
/// <param name="First">FIN, reserved bits and opcode.</param>
internal sealed record ServerFrame(int First, byte[] Payload)
{
    public int Opcode => First & 0x0F;

    public string Text => Encoding.UTF8.GetString(Payload);

    /// <summary>Of a Close frame.</summary>
    public int CloseCode => BinaryPrimitives.ReadUInt16BigEndian(Payload);
}
