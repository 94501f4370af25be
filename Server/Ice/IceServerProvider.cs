using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Ice;

/// <summary>ICE servers for one peer.</summary>
/// <param name="Lifetime">How long the credentials in them can be used; null if they do not end.</param>
internal sealed record IceServerList(IReadOnlyList<IceServer> Servers, TimeSpan? Lifetime)
{
    /// <summary>In milliseconds, as on the wire.</summary>
    public int? TtlMs => (int?)Lifetime?.TotalMilliseconds;
}

/// <summary>
/// Tells peers which STUN and TURN servers to use, each with credentials of its own. Only for peers in a room: a TURN server for everybody is soon used by everybody.
/// </summary>
internal sealed class IceServerProvider(IceOptions options, TurnSecret secret, TimeProvider time)
{
    private readonly IceServer[] _static = [.. options.StaticServers.Select(static server => new IceServer(
        server.Urls, server.Username is "" ? null : server.Username, server.Credential is "" ? null : server.Credential))];

    /// <summary>Whether any of the servers is a relay.</summary>
    public static bool HasTurn(IceOptions options) =>
        options.TurnUrls.Count > 0 || options.StaticServers.Exists(static server => server.Urls.Exists(IceUrl.IsTurn));

    /// <param name="relayOnly">No STUN server: its only use is to learn one's own address, which is of no use there.</param>
    public IceServerList For(SessionId user, bool relayOnly)
    {
        var servers = new List<IceServer>();
        if (!relayOnly && options.StunUrls.Count > 0)
            servers.Add(new IceServer(options.StunUrls));

        foreach (var server in _static)
            if (!relayOnly)
                servers.Add(server);
            else if (server.Urls.Any(IceUrl.IsTurn))
                servers.Add(server with { Urls = [.. server.Urls.Where(IceUrl.IsTurn)] });

        if (options.TurnUrls.Count == 0)
            return new IceServerList(servers, null);

        var credentials = TurnCredentials.Issue(secret.Current, user, time.GetUtcNow() + options.CredentialTtl);
        servers.Add(new IceServer(options.TurnUrls, credentials.Username, credentials.Credential));
        return new IceServerList(servers, options.CredentialTtl);
    }
}
