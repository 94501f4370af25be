using System.Text.RegularExpressions;

namespace MeshSignal.Server.Ice;

/// <summary>URLs of STUN servers (RFC 7064) and TURN servers (RFC 7065). A browser that is given a wrong one refuses to make any connection.</summary>
internal static class IceUrl
{
    private const string HostAndPort = @"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?<port>[0-9]{1,5}))?";

    private static readonly Regex Stun = New($@"^stun:{HostAndPort}\z");
    private static readonly Regex Turn = New($@"^turns?:{HostAndPort}(\?transport=(udp|tcp))?\z");

    public static bool IsStun(string url) => Stun.Match(url) is { Success: true } match && HasPossiblePort(match);

    public static bool IsTurn(string url) => Turn.Match(url) is { Success: true } match && HasPossiblePort(match);

    private static bool HasPossiblePort(Match match) => !match.Groups["port"].Success || ushort.TryParse(match.Groups["port"].ValueSpan, out var port) && port > 0;

    private static Regex New(string pattern) =>
        new(pattern, RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1));
}
