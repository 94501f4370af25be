using System.Buffers;
using System.Buffers.Text;

namespace MeshSignal.Server.Authentication;

/// <summary>The three parts of a token in the compact form (RFC 7515 section 3.1), decoded and not yet believed.</summary>
internal readonly ref struct CompactToken
{
    private const byte Dot = (byte)'.';

    private CompactToken(byte[] header, byte[] payload, ReadOnlySpan<byte> signed, byte[] signature)
    {
        (Header, Payload, Signature) = (header, payload, signature);
        Signed = signed;
    }

    public byte[] Header { get; }

    public byte[] Payload { get; }

    /// <summary>What the signature is over: header and payload as they came.</summary>
    public ReadOnlySpan<byte> Signed { get; }

    public byte[] Signature { get; }

    public static bool TryRead(ReadOnlySpan<byte> text, out CompactToken token)
    {
        token = default;
        var (first, last) = (text.IndexOf(Dot), text.LastIndexOf(Dot));
        if (text.Count(Dot) != 2
            || !TryDecode(text[..first], out var header)
            || !TryDecode(text[(first + 1)..last], out var payload)
            || !TryDecode(text[(last + 1)..], out var signature))
            return false;

        token = new CompactToken(header, payload, text[..last], signature);
        return true;
    }

    /// <summary>
    /// Only the one text that encoding gives (RFC 7515 section 2, RFC 4648 section 3.5). The framework also takes padding and white space, and with them
    /// one token would have many texts.
    /// </summary>
    private static bool TryDecode(ReadOnlySpan<byte> text, out byte[] bytes)
    {
        bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (Base64Url.DecodeFromUtf8(text, bytes, out _, out var length) != OperationStatus.Done)
            return false;

        bytes = bytes[..length];
        return Base64Url.EncodeToUtf8(bytes).AsSpan().SequenceEqual(text);
    }
}
