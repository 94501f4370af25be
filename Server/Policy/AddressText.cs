using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace MeshSignal.Server.Policy;

/// <summary>Addresses as headers hold them.</summary>
internal static class AddressText
{
    private const int MaxPortDigits = 5;

    private static readonly SearchValues<char> Ipv6Characters = SearchValues.Create("0123456789ABCDEFabcdef:.");

    /// <summary>
    /// Reads a literal in its plain form, without brackets, port or zone. <see cref="IPAddress"/> itself takes much more: <c>1</c>, <c>0x7f.1</c>, <c>010.0.0.1</c>.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.None;
        var isIpv6 = text.Contains(':');
        var hasQuad = text.Contains('.');
        if (isIpv6 ? text.ContainsAnyExcept(Ipv6Characters) || (hasQuad && !IsDottedQuad(text[(text.LastIndexOf(':') + 1)..])) : !IsDottedQuad(text))
            return false;
        if (!IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != (isIpv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork))
            return false;

        address = parsed;
        return true;
    }

    /// <summary>
    /// Reads what stands for a client in <c>Forwarded</c> (<c>node</c>, RFC 7239 section 6) and in <c>X-Forwarded-For</c>, which nobody has specified: an address, perhaps with a
    /// port. An IPv6 one without brackets has none. <c>unknown</c> and names that hide somebody are no addresses.
    /// </summary>
    public static bool TryParseNode(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']');
            return end > 0 && text[1..end].Contains(':') && IsPortSuffix(text[(end + 1)..]) && TryParse(text[1..end], out address);
        }

        var colon = text.IndexOf(':');
        return colon < 0 || colon != text.LastIndexOf(':') ? TryParse(text, out address) : IsPortSuffix(text[colon..]) && TryParse(text[..colon], out address);
    }

    /// <summary>An IPv4 address is the same one inside an IPv6 one, as sockets for both report it.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>Nothing, or a colon and a number, or a colon and a name that hides one.</summary>
    private static bool IsPortSuffix(ReadOnlySpan<char> text)
    {
        if (text is "")
            return true;
        if (text[0] != ':' || text.Length == 1)
            return false;
        return text[1] == '_' || (text.Length <= 1 + MaxPortDigits && !text[1..].ContainsAnyExceptInRange('0', '9'));
    }

    private static bool IsDottedQuad(ReadOnlySpan<char> text)
    {
        var octets = 0;
        foreach (var range in text.Split('.'))
        {
            var octet = text[range];
            if (octet.Length is 0 or > 3 || octet.ContainsAnyExceptInRange('0', '9') || (octet.Length > 1 && octet[0] == '0'))
                return false;
            octets++;
        }

        return octets == 4; // That each is at most 255 is seen by the parser.
    }
}
