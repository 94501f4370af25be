using System.Net;
using System.Net.Sockets;

namespace MeshSignal.Server.Policy;

/// <summary>Where a client comes from, as limits and bans count it: an IPv4 address, or the /64 network of an IPv6 one, of which a subscriber has all (RFC 6177).</summary>
internal readonly record struct ClientAddress
{
    private const int NetworkBytes = 8;

    public ClientAddress(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        IsLoopback = IPAddress.IsLoopback(plain);
        Network = plain.AddressFamily == AddressFamily.InterNetworkV6 ? NetworkOf(plain) : plain;
    }

    /// <summary>The IPv4 address, or the first address of the IPv6 network.</summary>
    public IPAddress Network { get; }

    public bool IsLoopback { get; }

    public override string ToString() => Network.AddressFamily == AddressFamily.InterNetworkV6 ? $"{Network}/64" : Network.ToString();

    private static IPAddress NetworkOf(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return new IPAddress(bytes);
    }
}
