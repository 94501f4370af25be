using System.Buffers;
using System.Security.Cryptography;

namespace MeshSignal.Protocol;

/// <summary>Names one stay of one peer in one room: new with each join, 16 lower-case hex digits. Not a secret.</summary>
public readonly record struct PeerId
{
    private const int Length = 16;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private PeerId(string value) => Value = value;

    public string Value { get; }

    public static PeerId New() => new(RandomNumberGenerator.GetHexString(Length, lowercase: true));

    public static bool TryParse(string? text, out PeerId peerId)
    {
        var valid = text is { Length: Length } && !text.AsSpan().ContainsAnyExcept(HexDigits);
        peerId = valid ? new PeerId(text!) : default;
        return valid;
    }

    public override string ToString() => Value;
}
