using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MeshSignal.Tests.Turn;

/// <summary>Whom the relay relays to, and from whom, with the peer ACL of the example settings.</summary>
internal sealed class PeerAclTests
{
    private const int Forbidden = 403;

    [TestCase("203.0.113.5")] // A peer's own address.
    [TestCase("10.0.0.1")]
    [TestCase("192.168.1.1")]
    [TestCase("169.254.169.254")] // What clouds tell their machines, also secrets.
    [TestCase("224.0.0.1")]
    [TestCase("127.0.0.1")]
    [TestCase("0.0.0.0")]
    [TestCase("198.51.100.0")] // One below the relay, and one above.
    [TestCase("198.51.100.2")]
    public async Task Nobody_but_the_relay_can_be_a_peer(string address)
    {
        await using var coturn = await Coturn.StartAsync();
        using var owner = await AllocatedAsync(coturn);

        Assert.That(await owner.PermitAsync(IPAddress.Parse(address)), Is.EqualTo(Forbidden));
        Assert.That(await owner.PermitAsync(Coturn.RelayAddress), Is.Zero);
    }

    /// <summary>Should the relay ever have one; and an IPv4 address can be written as one.</summary>
    [TestCase("2001:db8::5")]
    [TestCase("::ffff:203.0.113.5")]
    [TestCase("fe80::1")]
    [TestCase("ff02::1")]
    public async Task Nobody_with_an_IPv6_address_can_be_a_peer(string address)
    {
        await using var coturn = await Coturn.StartAsync(static settings => settings.Append("relay-ip=::1"));
        using var owner = new TurnProbe(coturn.EndPoint, Issued.EndingIn(600));
        Assert.That(await owner.AllocateAsync(AddressFamily.InterNetworkV6), Is.Zero);

        Assert.That(await owner.PermitAsync(IPAddress.Parse(address)), Is.EqualTo(Forbidden));
    }

    [Test]
    public async Task Two_allocations_reach_each_other_both_ways()
    {
        await using var coturn = await Coturn.StartAsync();
        using var alice = await AllocatedAsync(coturn);
        using var bob = await AllocatedAsync(coturn);
        await alice.PermitAsync(bob.Relayed.Address);
        await bob.PermitAsync(alice.Relayed.Address);

        await alice.SendAsync(bob.Relayed, "offer");
        Assert.That(await bob.ReceiveAsync(), Is.EqualTo((alice.Relayed, "offer")));
        await bob.SendAsync(alice.Relayed, "answer");
        Assert.That(await alice.ReceiveAsync(), Is.EqualTo((bob.Relayed, "answer")));
    }

    [Test]
    public async Task A_packet_past_the_relay_does_not_give_its_sender_away()
    {
        await using var coturn = await Coturn.StartAsync();
        using var owner = await AllocatedAsync(coturn);
        using var other = await AllocatedAsync(coturn);
        Assert.That(await owner.PermitAsync(Coturn.PeerAddress), Is.EqualTo(Forbidden));
        await owner.PermitAsync(Coturn.RelayAddress);
        await other.PermitAsync(Coturn.RelayAddress);

        await SendDirectlyAsync(owner.Relayed, "directly");
        await other.SendAsync(owner.Relayed, "through the relay");

        Assert.That(await owner.ReceiveAsync(), Is.EqualTo((other.Relayed, "through the relay")));
    }

    /// <summary>Why the lines are there. It also shows that the test above would see what they hold back.</summary>
    [Test]
    public async Task Without_the_ACL_it_does()
    {
        await using var coturn = await Coturn.StartWithoutAsync("denied-peer-ip", "allowed-peer-ip");
        using var owner = await AllocatedAsync(coturn);
        Assert.That(await owner.PermitAsync(Coturn.PeerAddress), Is.Zero);

        await SendDirectlyAsync(owner.Relayed, "directly");

        var (from, text) = await owner.ReceiveAsync();
        Assert.That((from.Address, text), Is.EqualTo((Coturn.PeerAddress, "directly")));
    }

    private static async Task<TurnProbe> AllocatedAsync(Coturn coturn)
    {
        var probe = new TurnProbe(coturn.EndPoint, Issued.EndingIn(600));
        Assert.That(await probe.AllocateAsync(), Is.Zero);
        Assert.That(probe.Relayed.Address, Is.EqualTo(Coturn.RelayAddress));
        return probe;
    }

    private static async Task SendDirectlyAsync(IPEndPoint relayed, string text)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(Coturn.PeerAddress, 0));
        await socket.SendToAsync(Encoding.UTF8.GetBytes(text), SocketFlags.None, relayed);
    }
}
