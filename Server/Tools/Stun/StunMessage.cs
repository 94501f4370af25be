using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace MeshSignal.Server.Tools.Stun;

/// <summary>A STUN message (RFC 8489 section 5), with what of it TURN needs.</summary>
internal sealed class StunMessage
{
    public const int Binding = 0x001;
    public const int Allocate = 0x003;
    public const int Refresh = 0x004;
    public const int CreatePermission = 0x008;
    public const int SendIndication = 0x016;
    public const int DataIndication = 0x017;

    public const int Username = 0x0006;
    public const int MessageIntegrity = 0x0008;
    public const int ErrorCode = 0x0009;
    public const int Lifetime = 0x000D;
    public const int XorPeerAddress = 0x0012;
    public const int Data = 0x0013;
    public const int Realm = 0x0014;
    public const int Nonce = 0x0015;
    public const int XorRelayedAddress = 0x0016;
    public const int RequestedFamily = 0x0017;
    public const int RequestedTransport = 0x0019;
    public const int XorMappedAddress = 0x0020;

    private const uint Cookie = 0x2112A442;
    private const int HeaderLength = 20;
    private const int Success = 0x100;
    private const int Error = 0x110;

    private readonly List<(int Type, byte[] Value)> _attributes = [];

    public StunMessage(int type, params IEnumerable<(int Type, byte[] Value)> attributes)
    {
        (Type, Transaction) = (type, Guid.NewGuid().ToByteArray()[..12]);
        _attributes.AddRange(attributes);
    }

    public int Type { get; }

    public byte[] Transaction { get; init; }

    /// <summary>0 in a success.</summary>
    public int Code => Find(ErrorCode) is { Length: >= 4 } value ? ((value[2] & 7) * 100) + value[3] : 0;

    /// <summary>Whether it answers that one: with success, or with an error that says which.</summary>
    public bool Answers(StunMessage request) =>
        Transaction.SequenceEqual(request.Transaction) && (Type == (request.Type | Success) || (Type == (request.Type | Error) && Code > 0));

    /// <summary>Of a whole message, in bytes, as its header has it; 0 if this is no header of STUN.</summary>
    /// <param name="header">20 bytes.</param>
    public static int LengthOf(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadUInt16BigEndian(header[2..]);
        return header[0] < 0x40 && length % 4 == 0 && BinaryPrimitives.ReadUInt32BigEndian(header[4..]) == Cookie ? HeaderLength + length : 0;
    }

    /// <summary>Null if it is none.</summary>
    public static StunMessage? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength || LengthOf(bytes) != bytes.Length)
            return null;

        var message = new StunMessage(BinaryPrimitives.ReadUInt16BigEndian(bytes)) { Transaction = bytes[8..HeaderLength].ToArray() };
        for (var rest = bytes[HeaderLength..]; rest.Length > 0;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (4 + Padded(length) > rest.Length)
                return null;

            message._attributes.Add((BinaryPrimitives.ReadUInt16BigEndian(rest), rest.Slice(4, length).ToArray()));
            rest = rest[(4 + Padded(length))..];
        }

        return message;
    }

    public byte[]? Find(int type) => _attributes.Find(attribute => attribute.Type == type).Value;

    public string? FindText(int type) => Find(type) is { } value ? Encoding.UTF8.GetString(value) : null;

    /// <summary>Null if there is none, or none that is as long as its family.</summary>
    public IPEndPoint? FindAddress(int type)
    {
        if (Find(type) is not { } masked || (masked is not [_, 1, ..] || masked.Length != 8) && (masked is not [_, 2, ..] || masked.Length != 20))
            return null;

        var value = Masked(masked);
        return new IPEndPoint(new IPAddress(value.AsSpan(4)), BinaryPrimitives.ReadUInt16BigEndian(value.AsSpan(2)));
    }

    public static (int Type, byte[] Value) PeerAddress(IPEndPoint endPoint) => Address(XorPeerAddress, endPoint);

    public static (int Type, byte[] Value) Address(int type, IPEndPoint endPoint)
    {
        var address = endPoint.Address.GetAddressBytes();
        return (type, [0, (byte)(address.Length == 4 ? 1 : 2), .. BigEndian((uint)endPoint.Port)[2..], .. address]);
    }

    public static (int Type, byte[] Value) Text(int type, string value) => (type, Encoding.UTF8.GetBytes(value));

    public static (int Type, byte[] Value) Number(int type, uint value) => (type, BigEndian(value));

    public byte[] Write() => Write(_attributes, 0);

    /// <summary>With proof that the sender knows the password of a long-term credential (RFC 8489 section 9.2).</summary>
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "STUN's message integrity is HMAC-SHA1.")]
    [SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "STUN's key is an MD5.")]
    public byte[] WriteSigned(string username, string realm, string nonce, string password)
    {
        List<(int Type, byte[] Value)> attributes = [.. _attributes, Text(Username, username), Text(Realm, realm), Text(Nonce, nonce)];
        var key = MD5.HashData(Encoding.UTF8.GetBytes($"{username}:{realm}:{password}"));

        // The hash is over all before it, with a length in the header that includes it.
        var integrity = HMACSHA1.HashData(key, Write(attributes, 4 + HMACSHA1.HashSizeInBytes));
        return Write([.. attributes, (MessageIntegrity, integrity)], 0);
    }

    private byte[] Write(List<(int Type, byte[] Value)> attributes, int lengthOfMore)
    {
        byte[] body = [.. attributes.SelectMany(Write)];
        return [.. BigEndian(((uint)Type << 16) | (uint)(body.Length + lengthOfMore)), .. BigEndian(Cookie), .. Transaction, .. body];
    }

    private byte[] Write((int Type, byte[] Value) attribute)
    {
        var value = attribute.Type is XorPeerAddress or XorRelayedAddress or XorMappedAddress ? Masked(attribute.Value) : attribute.Value;
        return [.. BigEndian(((uint)attribute.Type << 16) | (uint)value.Length), .. value, .. new byte[Padded(value.Length) - value.Length]];
    }

    /// <summary>Port and address are under a mask, so that no NAT on the way takes them for its business. To put it on takes it off again.</summary>
    private byte[] Masked(byte[] value)
    {
        byte[] mask = [.. BigEndian(Cookie), .. Transaction];
        return [.. value.Select((octet, i) => i switch { < 2 => octet, < 4 => (byte)(octet ^ mask[i - 2]), _ => (byte)(octet ^ mask[i - 4]) })];
    }

    private static int Padded(int length) => (length + 3) & ~3;

    private static byte[] BigEndian(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
