using System.Buffers;
using System.Globalization;
using System.Text;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Policy;

namespace MeshSignal.Server.Moderation;

/// <summary>How the parts of a ban are written, in the file and by the admin API alike.</summary>
internal static class BanText
{
    public const int IdLength = 16;

    /// <summary>In UTF-16 units.</summary>
    public const int MaxReasonLength = 200;

    /// <summary>In UTF-16 units.</summary>
    public const int MaxSubjectLength = 1000;

    private const string NetworkSuffix = "/64";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private static readonly string[] TimeFormats = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    public static bool IsId(string text) => text.Length == IdLength && !text.AsSpan().ContainsAnyExcept(HexDigits);

    public static bool IsSubject(string text) => text.Length is > 0 and <= MaxSubjectLength && text.All(IsPlain);

    public static bool IsReason(string text) => text.Length <= MaxReasonLength && text.All(IsPlain);

    /// <summary>An IPv4 address; an IPv6 address, whose /64 network is meant; or such a network itself.</summary>
    public static bool TryParseAddress(string text, out ClientAddress address)
    {
        var isNetwork = text.EndsWith(NetworkSuffix, StringComparison.Ordinal) && text.Contains(':', StringComparison.Ordinal);
        var valid = RelayAddresses.TryParse(Encoding.UTF8.GetBytes(isNetwork ? text[..^NetworkSuffix.Length] : text), out var parsed);
        address = valid ? new ClientAddress(parsed) : default;
        return valid && (!isNetwork || parsed.Equals(address.Network));
    }

    /// <summary>RFC 3339 in UTC, to the millisecond.</summary>
    public static string Format(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>RFC 3339. Without an offset it would be anybody's guess when it is.</summary>
    public static bool TryParseTime(string text, out DateTimeOffset at) =>
        DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out at);

    /// <summary>Nothing that breaks a line, or turns the order of what is shown around.</summary>
    private static bool IsPlain(char character) =>
        !char.IsControl(character) && character is not ((>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\u2028' or '\u2029' or '\uFEFF');
}
