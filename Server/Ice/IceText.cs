using System.Buffers;
using System.Globalization;

namespace MeshSignal.Server.Ice;

/// <summary>The small pieces of grammar that candidates (RFC 8839 section 5.1) and what stands around them have in common.</summary>
internal static class IceText
{
    private static readonly SearchValues<byte> IceCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8);

    /// <summary><paramref name="min"/> to <paramref name="max"/> times <c>ice-char</c>.</summary>
    public static bool IsIceText(ReadOnlySpan<byte> text, int min, int max) =>
        text.Length >= min && text.Length <= max && !text.ContainsAnyExcept(IceCharacters);

    /// <summary><c>ice-ufrag</c>, 4 to 256 characters (RFC 8839 section 5.4).</summary>
    public static bool IsUsernameFragment(ReadOnlySpan<byte> text) => IsIceText(text, 4, 256);

    /// <summary>ASCII digits only, at most so many.</summary>
    public static bool TryReadNumber(ReadOnlySpan<byte> text, int maxDigits, out uint number)
    {
        number = 0;
        return text.Length <= maxDigits && uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}

/// <summary>Takes the fields of a text one by one; single spaces are between them.</summary>
internal ref struct Fields(ReadOnlySpan<byte> text)
{
    /// <summary>What has not been taken.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = text;

    /// <summary>False if none is left, or if it is empty.</summary>
    public bool TryTake(out ReadOnlySpan<byte> field)
    {
        var end = Rest.IndexOf((byte)' ');
        field = end < 0 ? Rest : Rest[..end];
        Rest = end < 0 ? default : Rest[(end + 1)..];
        return !field.IsEmpty;
    }
}
