using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MeshSignal.Tests.Ice;

/// <summary>
/// Looks for addresses in what a receiver gets, and shares no code and no idea with the server's own search: the message is read as a receiver
/// reads it, every text in it is taken apart by regular expressions, and what could be read as an address with more leniency than any receiver
/// has is one.
/// </summary>
/// <param name="relayRanges">Networks whose addresses may be told, besides <c>0.0.0.0</c> and <c>::</c>, which are nobody's.</param>
internal sealed partial class LeakScanner(IEnumerable<string> relayRanges)
{
    // The longest way to write an IPv6 address, with an IPv4 address at its end.
    private const int LongestLiteral = 45;

    // For a hang: on a busy machine a thread can stand still for seconds.
    private const int Patience = 60_000;

    private readonly IPNetwork[] _relays = [.. relayRanges.Select(static range => IPNetwork.Parse(range))];

    /// <summary>The first address in any name or value of a JSON text; null if there is none.</summary>
    public string? Find(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return Find(document.RootElement);
    }

    /// <summary>The first address in a text that is no JSON.</summary>
    public string? FindIn(string text)
    {
        if (LocalName().IsMatch(text))
            return ".local";

        foreach (var run in Runs().EnumerateMatches(text))
            if (FindInRun(text.AsSpan(run.Index, run.Length)) is { } leak)
                return leak;

        return null;
    }

    private string? Find(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Select(member => FindIn(member.Name) ?? Find(member.Value)).FirstOrDefault(IsFound),
        JsonValueKind.Array => element.EnumerateArray().Select(Find).FirstOrDefault(IsFound),
        JsonValueKind.String => FindIn(element.GetString()!),
        _ => FindIn(element.GetRawText()),
    };

    private static bool IsFound(string? leak) => leak is not null;

    private string? FindInRun(ReadOnlySpan<char> run) =>
        (run.Count('.') < 3 ? null : DottedQuads().Matches(run.ToString()).Select(LeakIn).FirstOrDefault(IsFound))
        ?? (run.Count(':') < 2 ? null : FindIpv6(Fingerprints().Replace(run.ToString(), " ")));

    private string? LeakIn(Match match)
    {
        var quad = match.Groups["quad"].Value;
        var octets = quad.Split('.');
        if (octets.Skip(1).Take(2).Any(static octet => octet.TrimStart('0').Length > 3 || int.Parse(octet, CultureInfo.InvariantCulture) > 255))
            return null;

        // Digits that are glued to it, before or behind, hide it only from those who look for it whole.
        return IsHarmless(quad) ? null : quad;
    }

    private string? FindIpv6(ReadOnlySpan<char> run)
    {
        var group = 0; // Where the digits before this character begin.
        for (var start = 0; start < run.Length; start++)
        {
            group = start > 0 && run[start - 1] is ':' or '.' ? start : group;
            var digits = run[group..].IndexOfAny(':', '.');
            if (start > group && (digits < 0 ? run.Length - group : digits) <= 4)
                continue; // Only where more digits stand together than a group has may it begin amid them.

            var length = Math.Min(LongestLiteral, run.Length - start);
            while (length > 1 && !IsIpv6(run.Slice(start, length), out _))
                length--;
            if (length > 1 && !IsHarmless(run.Slice(start, length)))
                return run.Slice(start, length).ToString();
            start += length > 1 ? length - 1 : 0;
        }

        return null;
    }

    private bool IsHarmless(ReadOnlySpan<char> literal)
    {
        // The parser takes 010.0.0.1 and reads 8.0.0.1; only what it would write itself is plain.
        var isPlain = IsIpv6(literal, out var address) || (IPAddress.TryParse(literal, out address) && literal.SequenceEqual(address.ToString()));
        return isPlain && (address!.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || Array.Exists(_relays, range => Holds(range, address)));
    }

    /// <summary>The framework takes an IPv4 address inside an IPv6 one for that address; the policy lets none pass.</summary>
    private static bool Holds(IPNetwork range, IPAddress address) => range.BaseAddress.AddressFamily == address.AddressFamily && range.Contains(address);

    private static bool IsIpv6(ReadOnlySpan<char> literal, out IPAddress? address) =>
        IPAddress.TryParse(literal, out address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    [GeneratedRegex(@"\.local(?![a-z0-9-])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: Patience)]
    private static partial Regex LocalName();

    // Nothing is consumed, so that 1.2.3.4.5 is found to be two.
    [GeneratedRegex(
        @"(?<![0-9])(?=(?<quad>[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+))",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: Patience)]
    private static partial Regex DottedQuads();

    [GeneratedRegex("[0-9A-Fa-f:.]{2,}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: Patience)]
    private static partial Regex Runs();

    // An address has 8 groups; 16 pairs of digits and more, and no other digits before or behind, are a hash.
    [GeneratedRegex(
        "(?<![0-9A-Fa-f:])[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,}(?![0-9A-Fa-f:])",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: Patience)]
    private static partial Regex Fingerprints();
}
