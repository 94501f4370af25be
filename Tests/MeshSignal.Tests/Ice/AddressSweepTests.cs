using System.Text;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;

namespace MeshSignal.Tests.Ice;

internal sealed class AddressSweepTests
{
    private static readonly RelayAddresses Relays = RelayAddresses.From(new IceOptions { RelayRanges = ["198.51.100.0/28", "2001:db8:7::/64"] });

    [TestCase("192.168.1.7")]
    [TestCase("x192.168.1.7y")]
    [TestCase("user@192.168.1.7:80/path")]
    [TestCase("192.168.1.7.")]
    [TestCase(".192.168.1.7")]
    [TestCase("..192.168.1.7..")]
    [TestCase("1.192.168.1.7")]
    [TestCase("1.2.3.4.5")]
    [TestCase("198.51.100.3.1")]
    [TestCase("0.0.0.0.1")]
    [TestCase("1..198.51.100.99")]
    [TestCase("1.2.192.168.1.7.8.9")]
    [TestCase("0.0.0.0 192.168.1.7")]
    [TestCase("198.51.100.3,192.168.1.7")]
    [TestCase("192.168.001.007")]
    public void An_IPv4_address_is_found(string text) => Assert.That(IsClean(text), Is.False);

    [TestCase("1198.51.100.3", Description = "Read from its second digit on it is a relay's; but who reads so?")]
    [TestCase("198.51.100.33333")]
    [TestCase("999.999.999.999")]
    [TestCase("1.2.3.4")]
    public void What_may_be_one_is_taken_for_one(string text) => Assert.That(IsClean(text), Is.False);

    [TestCase("")]
    [TestCase("1.2.3")]
    [TestCase("1.2..3.4")]
    [TestCase("1.2.3.x4")]
    [TestCase("1.2.3,4")]
    [TestCase("192-168-1-7")]
    [TestCase("...")]
    [TestCase("0.0.0.0")]
    [TestCase("198.51.100.3")]
    [TestCase("x198.51.100.3:50000")]
    [TestCase("198.51.100.3 198.51.100.4")]
    public void What_is_none_or_a_relays_passes(string text) => Assert.That(IsClean(text), Is.True);

    [TestCase("fe80::7")]
    [TestCase("FE80::7")]
    [TestCase("x=fe80::7;y")]
    [TestCase("zfe80::7")]
    [TestCase("[fe80::7]:80")]
    [TestCase("fe80::7%eth0")]
    [TestCase("::1")]
    [TestCase("1::")]
    [TestCase("2001:db8:ffff:0:0:0:0:1")]
    [TestCase("1:2:3:4:5:6:7:8")]
    [TestCase("::ffff:198.51.100.3")]
    [TestCase("::ffff:c633:6403")]
    [TestCase("::192.168.1.7")]
    [TestCase("1:2:3:4:5:6:192.168.1.7")]
    [TestCase("2001:db8:7::192.168.1.7", Description = "An IPv6 relay's by its first half; its second half tells all the same.")]
    [TestCase(":: fe80::7")]
    public void An_IPv6_address_is_found(string text) => Assert.That(IsClean(text), Is.False);

    [TestCase("beef2001:db8:7::5", Description = "Hex letters right before it: nobody knows where the address begins.")]
    [TestCase("d:2001:db8:7::5")]
    [TestCase("a:b::fe80::7")]
    [TestCase(":::")]
    [TestCase("std::string")]
    [TestCase("1:2:3:4:5:6:7:8:9")]
    [TestCase("1:2:3:4:5:6:7")]
    [TestCase("2001:db8:aaaa:bbbb:cccc:dddd:0.0.0.0", Description = "The IPv4 address at its end is none, and so was the whole taken for none.")]
    [TestCase("u@2001:db8:aaaa:bbbb:cccc:dddd:198.51.100.3")]
    [TestCase("2001:db8:7::198.51.100.3")]
    [TestCase("::0.0.0.0")]
    public void A_run_that_is_not_understood_is_taken_for_one(string text) => Assert.That(IsClean(text), Is.False);

    [TestCase("::")]
    [TestCase("x::y")]
    [TestCase("2001:db8:7::5")]
    [TestCase("[2001:db8:7::5]:443")]
    [TestCase("1:2:3:4:5:6", Description = "Six groups.")]
    [TestCase("12:34:56")]
    [TestCase("00:1b:63:84:45:e6")]
    [TestCase("urn:ietf:params:rtp-hdrext:sdes:mid")]
    public void What_is_none_or_a_relays_passes_too(string text) => Assert.That(IsClean(text), Is.True);

    [TestCase(16)]
    [TestCase(20)]
    [TestCase(28)]
    [TestCase(32)]
    [TestCase(48)]
    [TestCase(64)]
    public void A_fingerprint_passes(int pairs)
    {
        Assert.That(IsClean($"a=fingerprint:sha-256 {Pairs(pairs)}"), Is.True);
        Assert.That(IsClean(Pairs(pairs).ToLowerInvariant()), Is.True);
    }

    [TestCase(8)]
    [TestCase(9)]
    [TestCase(15)]
    public void Fewer_pairs_might_be_an_address(int pairs) => Assert.That(IsClean($"a=fingerprint:x {Pairs(pairs)}"), Is.False);

    [TestCase("{0}:")]
    [TestCase(":{0}")]
    [TestCase("{0}::7")]
    [TestCase("fe80::{0}")]
    [TestCase("{0}:7")]
    [TestCase("f{0}")]
    [TestCase("{0}f")]
    [TestCase("{0} fe80::7")]
    [TestCase("{0} AB:AB:AB:AB:AB:AB:AB:AB")]
    public void Nothing_hides_in_or_behind_a_fingerprint(string text) =>
        Assert.That(IsClean(string.Format(null, text, Pairs(32))), Is.False);

    [TestCase("pc.local")]
    [TestCase("PC.LOCAL.")]
    [TestCase("pc.Local:80")]
    [TestCase(".local")]
    [TestCase("a.b.c.local")]
    [TestCase("user@5c6c4a2e-7f6b-4a35-9b8a-0b7c6d5e4f3a.local>")]
    [TestCase("pc.localdomain", Description = "Nobody's business either.")]
    public void A_local_name_is_found(string text) => Assert.That(IsClean(text), Is.False);

    [TestCase("local")]
    [TestCase("pc.loca")]
    [TestCase("pc.loc.al")]
    [TestCase("turn.example.org")]
    [TestCase(".")]
    public void Other_names_pass(string text) => Assert.That(IsClean(text), Is.True);

    private static string Pairs(int count) => string.Join(':', Enumerable.Range(0, count).Select(static i => $"{((i * 37) + 171) % 256:X2}"));

    private static bool IsClean(string text) => AddressSweep.IsClean(Encoding.UTF8.GetBytes(text), Relays);
}
