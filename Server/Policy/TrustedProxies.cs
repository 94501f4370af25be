using System.Net;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using Microsoft.Extensions.Primitives;

namespace MeshSignal.Server.Policy;

/// <summary>Where a request comes from, as far as it can be known.</summary>
/// <param name="IsForwarded">It names a client for which it was forwarded, whether that is believed or not.</param>
/// <param name="IsContradictory">Of both fields that can name the client each names another one.</param>
/// <param name="Scheme">What the client used towards the first proxy, <c>http</c> or <c>https</c>; null if that is not known.</param>
/// <param name="Host">What it asked that proxy for; null likewise.</param>
internal sealed record Arrival(ClientAddress Address, bool IsForwarded, string? Scheme = null, string? Host = null, bool IsContradictory = false);

/// <summary>
/// Whom to believe about who a request is from. Anybody can write <c>X-Forwarded-For</c> and <c>Forwarded</c> (RFC 7239), so only what the operator's own proxies have written
/// counts: read from the right, where the nearest one has added what it saw, up to the first address that is none of theirs.
/// </summary>
internal sealed class TrustedProxies
{
    private readonly IPNetwork[] _networks;

    /// <param name="options">Valid ones.</param>
    public TrustedProxies(MeshSignalOptions options) =>
        _networks = [.. options.Limits.TrustedProxies.Select(static text => RelayAddresses.TryParseRange(text, out var network) ? network : default)];

    public bool AreNone => _networks.Length == 0;

    public bool IsTrusted(IPAddress peer)
    {
        var address = AddressText.Plain(peer);
        return Array.Exists(_networks, network => network.Contains(address));
    }

    /// <param name="peer">The other end of the TCP connection.</param>
    public Arrival Read(IPAddress peer, IHeaderDictionary headers)
    {
        var nearest = new Hop(AddressText.Plain(peer));
        var (forwarded, forwardedFor) = (headers["Forwarded"], headers["X-Forwarded-For"]);
        var isForwarded = forwarded.Count + forwardedFor.Count > 0;
        if (!IsTrusted(nearest.Address))
            return new Arrival(new ClientAddress(nearest.Address), isForwarded);

        var hop = forwarded.Count > 0 ? Follow(nearest, Elements(forwarded)) : Follow(nearest, Addresses(forwardedFor));

        // A proxy that writes one of the two passes on what a client has put into the other. If they differ, nobody can tell which is which.
        var isContradictory = forwarded.Count > 0 && forwardedFor.Count > 0 && !hop.Address.Equals(Follow(nearest, Addresses(forwardedFor)).Address);
        if (isContradictory)
            hop = nearest;
        var scheme = SchemeOf(hop.Scheme ?? Single(headers["X-Forwarded-Proto"]));
        return new Arrival(new ClientAddress(hop.Address), isForwarded, scheme, hop.Host ?? Single(headers["X-Forwarded-Host"]), isContradictory);
    }

    /// <summary>Of an upgrade some proxies say what it becomes (RFC 6455 section 3). Anything else is no scheme that a client can have come by.</summary>
    private static string? SchemeOf(string? text) => text?.ToUpperInvariant() switch
    {
        "HTTPS" or "WSS" => Uri.UriSchemeHttps,
        "HTTP" or "WS" => Uri.UriSchemeHttp,
        _ => null,
    };

    /// <summary>From the right, as long as those who speak are proxies. What cannot be read is not gone beyond: its writer counts as the client.</summary>
    private Hop Follow(Hop hop, IEnumerable<ForwardedElement?> fromRight)
    {
        foreach (var element in fromRight)
        {
            if (element is null)
                return hop;
            if (!AddressText.TryParseNode(element.Client, out var address))
                return new Hop(hop.Address, element.Scheme, element.Host);

            hop = new Hop(AddressText.Plain(address), element.Scheme, element.Host);
            if (!IsTrusted(hop.Address))
                return hop;
        }

        return hop;
    }

    private static IEnumerable<ForwardedElement?> Elements(StringValues lines) =>
        lines.Reverse().SelectMany(static line => ForwardedElement.ParseLine(line ?? "").Reverse());

    private static IEnumerable<ForwardedElement?> Addresses(StringValues lines) =>
        lines.Reverse().SelectMany(static line => (line ?? "").Split(',').Reverse())
            .Select(static address => address.Trim(' ', '\t')).Where(static address => address.Length > 0).Select(static address => new ForwardedElement(address));

    /// <summary>Of several it is not known which proxy has written which.</summary>
    private static string? Single(StringValues values) =>
        values is [{ Length: > 0 } value] && !value.Contains(',', StringComparison.Ordinal) ? value.Trim(' ', '\t') : null;

    private readonly record struct Hop(IPAddress Address, string? Scheme = null, string? Host = null);
}
