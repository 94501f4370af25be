using System.Text;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;

namespace MeshSignal.Tests.Ice;

/// <summary>What the table of vectors does not say well.</summary>
internal sealed class CandidateLineTests
{
    private static readonly RelayAddresses Ranges = RelayAddresses.From(new IceOptions { RelayRanges = ["198.51.100.0/28"] });
    private static readonly RelayAddresses AnyRelay = RelayAddresses.From(new IceOptions { TrustRelayCandidateType = true });

    [TestCase("203.0.113.77", "203.0.113.77", "0.0.0.0")]
    [TestCase("192.168.1.7", "192.168.1.7", "0.0.0.0")]
    [TestCase("2001:DB8:FFFF::1", "2001:db8:ffff::1", "::")]
    public void A_relay_may_have_any_address_where_the_type_is_trusted(string address, string written, string related)
    {
        var (reason, output) = Filter($"candidate:1 1 udp 41885439 {address} 54609 typ relay raddr 10.0.0.1 rport 1", AnyRelay);
        Assert.That(reason, Is.EqualTo(RelayReasons.None));
        Assert.That(output, Is.EqualTo($"candidate:1 1 udp 41885439 {written} 54609 typ relay raddr {related} rport 9"));
    }

    [TestCase("typ host", "203.0.113.77", RelayReasons.Type)]
    [TestCase("typ srflx", "203.0.113.77", RelayReasons.Type)]
    [TestCase("typ relay", "pc.local", RelayReasons.Address)]
    [TestCase("typ relay", "turn.example.org", RelayReasons.Address)]
    [TestCase("typ relay", "::ffff:203.0.113.77", RelayReasons.Address)]
    [TestCase("typ relay", "fe80::7%eth0", RelayReasons.Address)]
    [TestCase("typ relay", "010.0.0.1", RelayReasons.Address)]
    public void Trust_in_the_type_is_no_trust_in_anything_else(string type, string address, RelayReasons reason) =>
        Assert.That(Filter($"candidate:1 1 udp 41885439 {address} 54609 {type}", AnyRelay).Reason, Is.EqualTo(reason));

    [Test]
    public void The_type_is_told_before_the_transport_and_the_transport_before_the_address()
    {
        Assert.That(Filter("candidate:1 1 tls 1 192.168.1.7 54609 typ host", Ranges).Reason, Is.EqualTo(RelayReasons.Type));
        Assert.That(Filter("candidate:1 1 tls 1 192.168.1.7 54609 typ relay", Ranges).Reason, Is.EqualTo(RelayReasons.Transport));
        Assert.That(Filter("candidate:1 1 udp 1 192.168.1.7 54609 typ relay x", Ranges).Reason, Is.EqualTo(RelayReasons.Address));
        Assert.That(Filter("candidate:1 1 udp 1 198.51.100.3 54609 typ relay x", Ranges).Reason, Is.EqualTo(RelayReasons.Malformed));
    }

    [TestCase("candidate:1 1 udp 1 192.168.1.7 54609 typ host")]
    [TestCase("candidate:1 1 udp 1 198.51.100.3 54609 typ relay generation x")]
    [TestCase("candidate:1 1 udp 1 198.51.100.3 54609")]
    [TestCase("candidate:1 1 udp 1 198.51.100.3 54609 typ relay ufrag Qh7d x")]
    public void Nothing_is_written_of_what_does_not_pass(string line) => Assert.That(Filter(line, Ranges).Output, Is.Empty);

    [Test]
    public void The_longest_candidate_there_can_be_passes_again()
    {
        var relays = RelayAddresses.From(new IceOptions { RelayRanges = ["2001:db8:7::/64"] });
        var line = $"candidate:{new string('f', 32)} 256 tcp 2147483647 2001:db8:7:0:aaaa:bbbb:cccc:dddd 65535 typ relay tcptype passive "
            + $"generation 4294967295 ufrag {new string('u', 256)}";
        var (reason, once) = Filter(line, relays);
        Assert.That(reason, Is.EqualTo(RelayReasons.None));
        Assert.That(Filter(once, relays), Is.EqualTo((RelayReasons.None, once)));
    }

    private static (RelayReasons Reason, string Output) Filter(string line, RelayAddresses relays)
    {
        var writer = new AsciiWriter(new byte[1024]);
        var reason = CandidateLine.Filter(Encoding.UTF8.GetBytes(line), relays, ref writer);
        return (reason, Encoding.UTF8.GetString(writer.Written));
    }
}
