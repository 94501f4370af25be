using System.Text.RegularExpressions;

namespace MeshSignal.Server.Ice;

/// <summary>URLs of STUN servers (RFC 7064) and TURN servers (RFC 7065). A browser that is given a wrong one refuses to make any connection.</summary>
internal static partial class IceUrl
{
    private const string HostAndPort = @"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?<port>[0-9]{1,5}))?";

    public static bool IsStun(string url) => Stun().Match(url) is { Success: true } match && HasPossiblePort(match);

    public static bool IsTurn(string url) => Turn().Match(url) is { Success: true } match && HasPossiblePort(match);

    private static bool HasPossiblePort(Match match) => !match.Groups["port"].Success || ushort.TryParse(match.Groups["port"].ValueSpan, out var port) && port > 0;

    [GeneratedRegex($@"^stun:{HostAndPort}\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Stun();

    [GeneratedRegex($@"^turns?:{HostAndPort}(\?transport=(udp|tcp))?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Turn();
}
