using MeshSignal.Server.Hosting;
using Microsoft.Extensions.Primitives;

namespace MeshSignal.Server.Policy;

/// <summary>
/// Which pages may open a socket. Browsers let every page open one to every server and only say where the page comes from, so it is decided here, before the upgrade (RFC 6455
/// section 10.2). What is no browser can say what it likes; against that, this is no protection.
/// </summary>
internal sealed class OriginPolicy
{
    private readonly HashSet<WebOrigin> _origins = [];
    private readonly HashSet<string> _hosts = new(StringComparer.Ordinal);
    private readonly bool _allowsMissing;

    /// <param name="options">Valid ones.</param>
    public OriginPolicy(MeshSignalOptions options)
    {
        _allowsMissing = options.AllowMissingOrigin;
        foreach (var text in options.Origins)
            if (WebOrigin.TryParse(text, out var origin))
                _origins.Add(origin);
        foreach (var text in options.Hosts)
            if (WebOrigin.Canonical(text) is { } host)
                _hosts.Add(host);
    }

    /// <param name="origin">The field of the request, however often it was there.</param>
    /// <param name="scheme">Of the request, as the client sent it: <c>http</c> or <c>https</c>.</param>
    /// <param name="host">What the client took for the server's name, with a port unless that goes without saying.</param>
    /// <param name="isLocalServer">The server listens on loopback addresses only.</param>
    /// <param name="hasCookieCredential">A browser adds cookies by itself, whichever page asks: then it must be known which.</param>
    public bool Allows(StringValues origin, string scheme, string? host, bool isLocalServer, bool hasCookieCredential)
    {
        if (origin.Count == 0)
            return _allowsMissing && !hasCookieCredential;
        if (origin.Count > 1 || !WebOrigin.TryParse(origin[0], out var page))
            return false;

        return _origins.Contains(page) || (isLocalServer && page.IsHttp && page.IsLoopback) || IsSameOrigin(page, scheme, host);
    }

    /// <summary>
    /// The page comes from this server, if the host says so that both are at: anybody can make a name of his own point here, open his page by it and have browsers say this name twice
    /// ("DNS rebinding"). Not so with an address, with <c>localhost</c>, and with names that the operator says are the server's.
    /// </summary>
    private bool IsSameOrigin(WebOrigin page, string scheme, string? host) =>
        page.IsHttp && WebOrigin.TryParse($"{scheme}://{host}", out var server) && page == server
        && (page.Host == "localhost" || page.HasAddress || _hosts.Contains(page.Host));
}
