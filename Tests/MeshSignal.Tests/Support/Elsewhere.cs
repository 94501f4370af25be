using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace MeshSignal.Tests.Support;

/// <summary>An address of this machine that is not loopback: who connects from there comes from another machine, as far as a server can see.</summary>
internal static class Elsewhere
{
    public static string Address
    {
        get
        {
            var address = NetworkInterface.GetAllNetworkInterfaces()
                .Where(static network => network.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
                .SelectMany(static network => network.GetIPProperties().UnicastAddresses)
                .Select(static unicast => unicast.Address)
                .FirstOrDefault(static address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
            if (address is null)
                Assert.Ignore("This machine has no address but loopback.");
            return address!.ToString();
        }
    }
}
