using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Ice;

/// <summary>Which addresses are relays. A client only says that a candidate is one; where its address lies, it cannot choose.</summary>
/// <param name="ranges">What the operator's TURN servers relay from.</param>
/// <param name="trustsType">Any address will do in a candidate that says <c>typ relay</c>, because the operator does not know his TURN service's.</param>
internal sealed class RelayAddresses(IReadOnlyList<IPNetwork> ranges, bool trustsType)
{
    private static readonly SearchValues<byte> Ipv6Characters = SearchValues.Create("0123456789ABCDEFabcdef:."u8);

    /// <summary>Those of valid settings.</summary>
    public static RelayAddresses From(IceOptions options) =>
        new([.. options.RelayRanges.Select(ParseRange)], options.TrustRelayCandidateType);

    /// <summary>Whether there are settings that let any relay pass.</summary>
    public static bool AreKnown(IceOptions options) => options.RelayRanges.Count > 0 || options.TrustRelayCandidateType;

    /// <summary>A network such as <c>198.51.100.0/28</c>, or one address. All addresses there are make no range.</summary>
    public static bool TryParseRange(string text, out IPNetwork range)
    {
        if (text.Contains('/', StringComparison.Ordinal))
            return IPNetwork.TryParse(text, out range) && range.PrefixLength > 0
                && TryParse(Encoding.UTF8.GetBytes(text[..text.IndexOf('/', StringComparison.Ordinal)]), out var first) && first.Equals(range.BaseAddress);

        range = TryParse(Encoding.UTF8.GetBytes(text), out var address) ? new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128) : default;
        return range.PrefixLength > 0;
    }

    /// <summary>Whether a relay candidate may have this address.</summary>
    public bool Accept(IPAddress address) => trustsType || Contain(address);

    public bool Contain(IPAddress address)
    {
        foreach (var range in ranges)
            if (range.Contains(address))
                return true;

        return false;
    }

    /// <summary>Whether a text outside of candidates may hold this address: it is a relay's, or none at all.</summary>
    public bool IsHarmless(ReadOnlySpan<byte> literal) =>
        literal.SequenceEqual("0.0.0.0"u8) || literal.SequenceEqual("::"u8)
        || (TryParse(literal, out var address) && (address.Equals(IPAddress.IPv6Any) || Contain(address)));

    /// <summary>
    /// Reads a literal in its one plain form. <see cref="IPAddress"/> itself takes much more: <c>1</c>, <c>0x7f.1</c>, <c>010.0.0.1</c>, <c>[::1]:80</c>,
    /// zones; and an IPv4 address can hide in an IPv6 one.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> literal, out IPAddress address)
    {
        address = IPAddress.None;
        var isIpv6 = literal.Contains((byte)':');
        if (isIpv6 ? literal.ContainsAnyExcept(Ipv6Characters) : !IsDottedQuad(literal))
            return false;
        if (!IPAddress.TryParse(literal, out var parsed) || parsed.IsIPv4MappedToIPv6)
            return false;

        // Some IPv6 addresses are written with an IPv4 one at their end (RFC 5952 section 5, ISATAP), whichever way they came: no relay has such a one.
        if (isIpv6 && parsed.ToString().Contains('.', StringComparison.Ordinal))
            return false;

        address = parsed;
        return parsed.AddressFamily == (isIpv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
    }

    private static IPNetwork ParseRange(string text) =>
        TryParseRange(text, out var range) ? range : throw new ArgumentException("Not a range; the check of the settings should have said so.", nameof(text));

    private static bool IsDottedQuad(ReadOnlySpan<byte> text)
    {
        var octets = 0;
        foreach (var range in text.Split((byte)'.'))
        {
            var octet = text[range];
            if (octet.Length is 0 or > 3 || octet.ContainsAnyExceptInRange((byte)'0', (byte)'9') || (octet.Length > 1 && octet[0] == '0'))
                return false;
            octets++;
        }

        return octets == 4; // That each is at most 255 is seen by the parser.
    }
}
