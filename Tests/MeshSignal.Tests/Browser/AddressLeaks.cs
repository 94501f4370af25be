using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MeshSignal.Tests.Browser;

/// <summary>Looks for addresses in what a page received, without anything of the server's code.</summary>
internal static partial class AddressLeaks
{
    /// <summary>Every address that is not the relay's, and every candidate that is not a relay's or says where the relay was reached from.</summary>
    public static IEnumerable<string> In(JsonElement message, IPAddress relay)
    {
        foreach (var text in Texts(message))
        {
            foreach (var literal in Literals(text).Where(literal => literal != relay.ToString()))
                yield return $"{literal} in {message}";
            foreach (var candidate in CandidatesIn(text).Where(candidate => !IsOfRelay(candidate, relay)))
                yield return candidate;
        }
    }

    /// <summary>Every candidate in a message, by itself or inside a description.</summary>
    public static IEnumerable<string> CandidatesIn(JsonElement message) => Texts(message).SelectMany(CandidatesIn);

    private static IEnumerable<string> CandidatesIn(string text) => Candidate().Matches(text).Select(static match => match.Value);

    private static bool IsOfRelay(string candidate, IPAddress relay)
    {
        var fields = candidate.Split(' ');
        var related = Array.IndexOf(fields, "raddr");
        return fields[4] == relay.ToString() && fields[6..8] is ["typ", "relay"] && (related < 0 || fields[related + 1] == "0.0.0.0");
    }

    private static IEnumerable<string> Literals(string text)
    {
        foreach (var match in Word().Matches(text).Select(static match => match.Value))
            if (IPAddress.TryParse(match, out var address) && !IsNone(address)
                && (address.AddressFamily == AddressFamily.InterNetworkV6 || match.Count(static character => character == '.') == 3))
                yield return match;
        foreach (var name in LocalName().Matches(text).Select(static match => match.Value))
            yield return name;
    }

    private static bool IsNone(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => [element.GetString()!],
        JsonValueKind.Object => element.EnumerateObject().SelectMany(static member => Texts(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Texts),
        _ => [],
    };

    [GeneratedRegex("candidate:[^\r\n]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Candidate();

    [GeneratedRegex("[0-9a-f.:]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();

    [GeneratedRegex(@"[\w-]+\.local\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LocalName();
}
