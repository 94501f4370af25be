using System.Net;

namespace MeshSignal.Bench.Load;

/// <summary>Addresses of this machine that clients can come from, as if each were another's: all of 127.0.0.0/8.</summary>
internal static class Loopback
{
    public static IPAddress ForPeer(int number) => Of(1, number);

    public static IPAddress ForAbuser(int number) => Of(2, number);

    /// <summary>For each of those who try to wear the server out together.</summary>
    public static IPAddress ForCrowd(int number) => Of(3, number);

    private static IPAddress Of(byte group, int number) => new([127, group, (byte)(number >> 8), (byte)number]);
}
