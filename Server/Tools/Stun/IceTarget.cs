using System.Globalization;
using MeshSignal.Server.Ice;

namespace MeshSignal.Server.Tools.Stun;

/// <summary>By which clients reach a STUN or TURN server.</summary>
internal enum IceTransport
{
    Udp,
    Tcp,
    Tls,

    /// <summary>TLS over UDP (RFC 7350).</summary>
    Dtls,
}

/// <summary>What an <see cref="IceUrl"/> means.</summary>
/// <param name="Host">A name or an address, the latter without brackets.</param>
internal sealed record IceTarget(string Url, bool IsTurn, IceTransport Transport, string Host, int Port)
{
    // RFC 7064 section 3.2, RFC 7065 section 3.2.
    private const int DefaultPort = 3478;
    private const int DefaultTlsPort = 5349;

    /// <param name="url">A valid one.</param>
    public static IceTarget Parse(string url)
    {
        var colon = url.IndexOf(':', StringComparison.Ordinal);
        var question = url.IndexOf('?', StringComparison.Ordinal);
        var isSecure = url[..colon] == "turns";
        var (isUdp, isTcp) = (url.EndsWith("=udp", StringComparison.Ordinal), url.EndsWith("=tcp", StringComparison.Ordinal));
        var transport = (isSecure, isUdp, isTcp) switch
        {
            (true, true, _) => IceTransport.Dtls,
            (true, _, _) => IceTransport.Tls,
            (_, _, true) => IceTransport.Tcp,
            _ => IceTransport.Udp,
        };

        var authority = url[(colon + 1)..(question < 0 ? url.Length : question)];
        var portColon = authority.LastIndexOf(':');
        var hasPort = portColon > authority.LastIndexOf(']');
        var port = hasPort ? int.Parse(authority[(portColon + 1)..], CultureInfo.InvariantCulture) : isSecure ? DefaultTlsPort : DefaultPort;
        return new IceTarget(url, IceUrl.IsTurn(url), transport, (hasPort ? authority[..portColon] : authority).Trim('[', ']'), port);
    }
}
