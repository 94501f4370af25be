using System.Net;
using System.Text;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;

namespace MeshSignal.Tests.Ice;

internal sealed class RelayAddressesTests
{
    [TestCase("198.51.100.0/28", "198.51.100.0/28")]
    [TestCase("198.51.100.7", "198.51.100.7/32")]
    [TestCase("0.0.0.0/1", "0.0.0.0/1")]
    [TestCase("2001:db8:7::/64", "2001:db8:7::/64")]
    [TestCase("2001:db8:7::5", "2001:db8:7::5/128")]
    [TestCase("2001:DB8::/32", "2001:db8::/32")]
    public void A_range_is_a_network_or_one_address(string text, string range)
    {
        Assert.That(RelayAddresses.TryParseRange(text, out var parsed), Is.True);
        Assert.That(parsed, Is.EqualTo(IPNetwork.Parse(range)));
    }

    [TestCase("")]
    [TestCase("turn.example.org")]
    [TestCase("198.51.100")]
    [TestCase("1.2/16")]
    [TestCase("010.0.0.0/8")]
    [TestCase("0x0a.0.0.0/8")]
    [TestCase("10.0.0.0/")]
    [TestCase("10.0.0.0/33")]
    [TestCase("10.0.0.1/8")]
    [TestCase("10.0.0.0/-1")]
    [TestCase("10.0.0.0/8/8")]
    [TestCase("10.0.0.0/255.0.0.0")]
    [TestCase("10.0.0.1-10.0.0.9")]
    [TestCase(" 10.0.0.0/8")]
    [TestCase("[2001:db8:7::5]")]
    [TestCase("fe80::%eth0/64")]
    [TestCase("2001:db8::/129")]
    public void Anything_else_is_no_range(string text) => Assert.That(RelayAddresses.TryParseRange(text, out _), Is.False);

    [TestCase("0.0.0.0/0")]
    [TestCase("::/0")]
    public void All_addresses_there_are_make_no_range(string text) => Assert.That(RelayAddresses.TryParseRange(text, out _), Is.False);

    [TestCase("::ffff:198.51.100.0/124")]
    [TestCase("::ffff:198.51.100.7")]
    public void An_IPv4_range_is_not_written_in_IPv6(string text) => Assert.That(RelayAddresses.TryParseRange(text, out _), Is.False);

    [TestCase("198.51.100.0", true)]
    [TestCase("198.51.100.15", true)]
    [TestCase("198.51.100.16", false)]
    [TestCase("198.51.99.255", false)]
    [TestCase("203.0.113.9", true)]
    [TestCase("203.0.113.8", false)]
    [TestCase("203.0.113.10", false)]
    [TestCase("2001:db8:7::", true)]
    [TestCase("2001:db8:7:0:ffff:ffff:ffff:ffff", true)]
    [TestCase("2001:db8:7:1::", false)]
    public void A_relay_is_an_address_in_any_of_the_ranges(string address, bool isRelay)
    {
        var relays = RelayAddresses.From(new IceOptions { RelayRanges = ["198.51.100.0/28", "203.0.113.9", "2001:db8:7::/64"] });
        Assert.That(relays.Contain(IPAddress.Parse(address)), Is.EqualTo(isRelay));
        Assert.That(relays.Accept(IPAddress.Parse(address)), Is.EqualTo(isRelay));
    }

    [Test]
    public void Without_ranges_there_is_no_relay() =>
        Assert.That(RelayAddresses.From(new IceOptions()).Accept(IPAddress.Parse("198.51.100.3")), Is.False);

    [Test]
    public void Where_the_type_is_trusted_a_candidate_may_have_any_address_and_other_text_none()
    {
        var relays = RelayAddresses.From(new IceOptions { TrustRelayCandidateType = true });
        Assert.That(relays.Accept(IPAddress.Parse("203.0.113.77")), Is.True);
        Assert.That(relays.IsHarmless("203.0.113.77"u8), Is.False);
    }

    [TestCase("0.0.0.0")]
    [TestCase("::")]
    [TestCase("0:0:0:0:0:0:0:0")]
    [TestCase("198.51.100.3")]
    public void Harmless_is_what_is_nobodys_or_a_relays(string literal) => Assert.That(IsHarmless(literal), Is.True);

    [TestCase("0.0.0.1")]
    [TestCase("127.0.0.1")]
    [TestCase("255.255.255.255")]
    [TestCase("::1")]
    [TestCase("::ffff:0.0.0.0")]
    [TestCase("::ffff:198.51.100.3")]
    [TestCase("00.0.0.0")]
    [TestCase("0")]
    [TestCase("nothing")]
    [TestCase("")]
    public void Nothing_else_is(string literal) => Assert.That(IsHarmless(literal), Is.False);

    [TestCase("1.2.3.4")]
    [TestCase("255.255.255.255")]
    [TestCase("::")]
    [TestCase("FE80::7")]
    [TestCase("1:2:3:4:5:6:7:8")]
    [TestCase("1:2:3:4:5:6:7.8.9.10")]
    public void A_literal_is_read_in_its_plain_form(string literal)
    {
        Assert.That(RelayAddresses.TryParse(Encoding.UTF8.GetBytes(literal), out var address), Is.True);
        Assert.That(address, Is.EqualTo(IPAddress.Parse(literal)));
    }

    [TestCase("")]
    [TestCase("1")]
    [TestCase("1.2.3")]
    [TestCase("1.2.3.4.5")]
    [TestCase("1.2.3.")]
    [TestCase(".1.2.3.4")]
    [TestCase("1.2.3.256")]
    [TestCase("1.2.3.1000")]
    [TestCase("01.2.3.4")]
    [TestCase("1.2.3.00")]
    [TestCase("0x1.2.3.4")]
    [TestCase("1.2.3.4 ")]
    [TestCase("1.2.3.4/8")]
    [TestCase("[::1]")]
    [TestCase("[::1]:80")]
    [TestCase("::1%1")]
    [TestCase("::1/64")]
    [TestCase("::g")]
    [TestCase("1::2::3")]
    [TestCase("1:2:3:4:5:6:7")]
    [TestCase("1:2:3:4:5:6:7:8:9")]
    [TestCase("12345::")]
    [TestCase(":")]
    [TestCase("1.2.3.4:80")]
    [TestCase("::ffff:1.2.3.4")]
    [TestCase("::FFFF:102:304")]
    [TestCase("0:0:0:0:0:ffff:1.2.3.4")]
    public void What_only_the_framework_reads_is_none(string literal) =>
        Assert.That(RelayAddresses.TryParse(Encoding.UTF8.GetBytes(literal), out _), Is.False);

    private static bool IsHarmless(string literal) =>
        RelayAddresses.From(new IceOptions { RelayRanges = ["198.51.100.0/28"] }).IsHarmless(Encoding.UTF8.GetBytes(literal));
}
