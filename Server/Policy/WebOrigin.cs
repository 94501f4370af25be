using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;

namespace MeshSignal.Server.Policy;

/// <summary>Where a page comes from: the triple of RFC 6454 section 4, in one spelling for each.</summary>
/// <param name="Scheme">Lower case.</param>
/// <param name="Host">Lower case; an IPv6 address in brackets, and in its shortest form.</param>
/// <param name="Port">The scheme's own if none was named; 0 if it has none either.</param>
internal readonly record struct WebOrigin(string Scheme, string Host, int Port)
{
    private const int MaxScheme = 32;
    private const int MaxHost = 253;

    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789+-.");
    private static readonly SearchValues<char> HostCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    public bool IsHttp => Scheme is "http" or "https";

    /// <summary>The host is an IP address, which no DNS server can have pointed elsewhere.</summary>
    public bool HasAddress => TryGetAddress(out _);

    /// <summary>The host is <c>localhost</c> or a loopback address.</summary>
    public bool IsLoopback => Host == "localhost" || (TryGetAddress(out var address) && IPAddress.IsLoopback(address));

    /// <summary>
    /// Reads the ASCII serialization of RFC 6454 section 6.2: <c>scheme://host[:port]</c> and nothing else. Upper case is the same as lower case, and a port that goes without
    /// saying may be said. <c>null</c> is none.
    /// </summary>
    public static bool TryParse(string? text, out WebOrigin origin)
    {
        origin = default;
        var end = text?.IndexOf("://", StringComparison.Ordinal) ?? -1;
        if (end is <= 0 or > MaxScheme || !Ascii.IsValid(text))
            return false; // Before it is written in lower case: outside of ASCII there are letters that become ASCII by that.

        var scheme = text![..end].ToLowerInvariant();
        var authority = text.AsSpan(end + 3);
        var colon = authority.LastIndexOf(':');
        var hasPort = colon > authority.LastIndexOf(']');
        var port = DefaultPort(scheme);
        if (!char.IsAsciiLetter(scheme[0]) || scheme.AsSpan().ContainsAnyExcept(SchemeCharacters) || (hasPort && !TryReadPort(authority[(colon + 1)..], out port)))
            return false;
        if (Canonical(hasPort ? authority[..colon] : authority) is not { } host)
            return false;

        origin = new WebOrigin(scheme, host, port);
        return true;
    }

    /// <summary>The one spelling of a host name or address as it stands in URLs; null if it is none. Names outside of ASCII must be written as <c>xn--…</c>.</summary>
    public static string? Canonical(ReadOnlySpan<char> host)
    {
        if (host.StartsWith('[') && host.EndsWith(']'))
            return AddressText.TryParse(host[1..^1], out var ipv6) && host.Contains(':') && !ipv6.IsIPv4MappedToIPv6 ? $"[{ipv6}]" : null;
        if (host.Length is 0 or > MaxHost || !Ascii.IsValid(host))
            return null;

        // A dot at the end makes another name of it for browsers, though the same machine answers.
        var name = host.ToString().ToLowerInvariant();
        if (name.AsSpan().ContainsAnyExcept(HostCharacters) || name[0] == '.' || name[^1] == '.' || name.Contains("..", StringComparison.Ordinal))
            return null;

        // What ends in a number is an IPv4 address (WHATWG URL, "ends in a number"), and has one spelling.
        var last = name.AsSpan(name.LastIndexOf('.') + 1);
        var isNumber = !last.ContainsAnyExceptInRange('0', '9') || last.StartsWith("0x");
        return !isNumber || AddressText.TryParse(name, out _) ? name : null;
    }

    public override string ToString() => Port == DefaultPort(Scheme) ? $"{Scheme}://{Host}" : string.Create(CultureInfo.InvariantCulture, $"{Scheme}://{Host}:{Port}");

    private static int DefaultPort(string scheme) => scheme switch { "http" => 80, "https" => 443, _ => 0 };

    private static bool TryReadPort(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue && text[0] != '0';

    private bool TryGetAddress(out IPAddress address) => AddressText.TryParse(Host.AsSpan().Trim("[]"), out address);
}
