using System.Net;

namespace MeshSignal.Server.Tools.Checks;

/// <summary>From where an address can be reached.</summary>
internal static class AddressReach
{
    // RFC 6890, as far as somebody could have such addresses at home.
    private static readonly IPNetwork[] Local =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10",
        }.Select(static network => IPNetwork.Parse(network)),
    ];

    /// <summary>Only from this machine or its own network.</summary>
    public static bool IsLocal(IPAddress address) => Array.Exists(Local, network => network.Contains(address));
}
