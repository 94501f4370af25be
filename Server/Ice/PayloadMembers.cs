using System.Text;
using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Ice;

/// <summary>The members that a payload may have in any of its shapes.</summary>
internal enum PayloadMember
{
    Candidate,
    SdpMid,
    SdpMLineIndex,
    UsernameFragment,
    Type,
    Sdp,
    Renegotiate,
    TransceiverRequest,
    Kind,
    Init,
    Direction,
}

/// <summary>The members of one object, as they came. No name may stand twice: a receiver might take the other one.</summary>
internal readonly ref struct PayloadMembers(ReadOnlySpan<byte> text, Span<MemberSlice> slices)
{
    /// <summary>What each <see cref="PayloadMember"/> is called.</summary>
    public static readonly byte[][] Names =
    [
        "candidate"u8.ToArray(), "sdpMid"u8.ToArray(), "sdpMLineIndex"u8.ToArray(), "usernameFragment"u8.ToArray(), "type"u8.ToArray(), "sdp"u8.ToArray(),
        "renegotiate"u8.ToArray(), "transceiverRequest"u8.ToArray(), "kind"u8.ToArray(), "init"u8.ToArray(), "direction"u8.ToArray(),
    ];

    private readonly ReadOnlySpan<byte> _text = text;
    private readonly Span<MemberSlice> _slices = slices;

    public bool TryScan() => MemberScan.TryScan(_text, Names, _slices);

    public bool Has(PayloadMember name) => _slices[(int)name].IsPresent;

    public JsonTokenType Kind(PayloadMember name) => _slices[(int)name].Kind;

    public ReadOnlySpan<byte> Value(PayloadMember name) => _slices[(int)name].In(_text);

    /// <summary>For short words to compare. Null if it is missing, no string, or longer than any of them.</summary>
    public string? Text(PayloadMember name)
    {
        Span<byte> word = stackalloc byte[24];
        return TryCopy(name, word, out var length) ? Encoding.UTF8.GetString(word[..length]) : null;
    }

    public bool TryCopy(PayloadMember name, Span<byte> output, out int length)
    {
        length = 0;
        return Kind(name) == JsonTokenType.String && TryCopy(Value(name), output, out length);
    }

    /// <summary>A string's characters, unescaped, if they have room.</summary>
    public static bool TryCopy(ReadOnlySpan<byte> text, Span<byte> output, out int length)
    {
        length = 0;
        var characters = text[1..^1];
        if (!characters.Contains((byte)'\\'))
        {
            length = characters.Length;
            return characters.TryCopyTo(output);
        }

        // Unescaped it is at most as long, but the reader wants room before it knows.
        var reader = new Utf8JsonReader(text);
        reader.Read();
        if (characters.Length <= output.Length)
        {
            length = reader.CopyString(output);
            return true;
        }

        var whole = Encoding.UTF8.GetBytes(reader.GetString()!);
        length = whole.Length;
        return whole.AsSpan().TryCopyTo(output);
    }
}
