using System.Net;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Policy;

/// <summary>
/// Whom to serve without TLS. Session tokens, join tokens and the admin key stand in what clients send, so whoever is on the way of a plain connection can take them; on this machine
/// nobody else is.
/// </summary>
internal sealed class CleartextPolicy(MeshSignalOptions options)
{
    /// <summary>What to do about it, for whoever is refused, and for the log.</summary>
    public const string Remedy =
        "Use TLS: https and wss. If a proxy has done so, MeshSignal:Limits:TrustedProxies must name it, and it must send X-Forwarded-Proto: https. MeshSignal:AllowCleartext does without.";

    /// <summary>
    /// What a proxy of the operator's says of the client's side counts, whatever the connection from there is like: one on this machine may well bring clients without TLS from elsewhere.
    /// Where it says nothing, only what is seen here is known: a plain connection from another machine is refused, whether that is a proxy or not.
    /// </summary>
    /// <param name="peer">The other end of the TCP connection.</param>
    /// <param name="hasTls">Of that connection.</param>
    public bool Allows(IPAddress peer, bool hasTls, Arrival arrival) =>
        options.AllowCleartext || (arrival.Scheme is { } scheme ? scheme == Uri.UriSchemeHttps : hasTls || IPAddress.IsLoopback(AddressText.Plain(peer)));
}
