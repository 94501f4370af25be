using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using Microsoft.Extensions.Primitives;

namespace MeshSignal.Tests.Policy;

internal sealed class OriginPolicyTests
{
    private static readonly MeshSignalOptions Listed = new() { Origins = ["https://good.com", "http://good.com:8080", "capacitor://localhost", "https://xn--gd-eka.example"] };

    [TestCase("https://good.com", true)]
    [TestCase("https://good.com:443", true)]
    [TestCase("HTTPS://GOOD.COM", true)]
    [TestCase("http://good.com:8080", true)]
    [TestCase("capacitor://localhost", true)]
    [TestCase("https://xn--gd-eka.example", true)]
    [TestCase("https://g\u00F6d.example", false)]
    [TestCase("http://good.com", false)]
    [TestCase("https://good.com:8080", false)]
    [TestCase("http://good.com:443", false)]
    [TestCase("http://good.com:8081", false)]
    [TestCase("https://good.com.evil", false)]
    [TestCase("https://evilgood.com", false)]
    [TestCase("https://evil.good.com", false)]
    [TestCase("https://good.co", false)]
    [TestCase("https://good.com.", false)]
    [TestCase("https://good.com/", false)]
    [TestCase("https://good.com@evil.com", false)]
    [TestCase("https://evil.com#https://good.com", false)]
    [TestCase("https://evil.com, https://good.com", false)]
    [TestCase("null", false)]
    [TestCase("", false)]
    [TestCase("file://", false)]
    [TestCase("http://localhost", false)]
    [TestCase("capacitor://127.0.0.1", false)]
    public void A_listed_origin_is_allowed_if_it_is_the_very_same(string origin, bool isAllowed) => Assert.That(Allows(Listed, origin, "http", "elsewhere.example"), Is.EqualTo(isAllowed));

    [TestCase("http://localhost:3000", "http", "localhost:3000", true)]
    [TestCase("http://localhost", "http", "localhost", true)]
    [TestCase("http://localhost", "http", "LOCALHOST:80", true)]
    [TestCase("http://192.0.2.7:3000", "http", "192.0.2.7:3000", true)]
    [TestCase("http://[2001:db8::7]:3000", "http", "[2001:db8:0:0::7]:3000", true)]
    [TestCase("http://meet.example:3000", "http", "meet.example:3000", true)]
    [TestCase("http://Meet.example:3000", "http", "MEET.example:3000", true)]
    [TestCase("https://meet.example", "https", "meet.example", true)]
    [TestCase("https://meet.example", "https", "meet.example:443", true)]
    [TestCase("https://meet.example", "http", "meet.example", false)]
    [TestCase("https://meet.example", "http", "meet.example:443", false)]
    [TestCase("http://meet.example", "https", "meet.example", false)]
    [TestCase("http://meet.example:3000", "http", "meet.example", false)]
    [TestCase("http://meet.example", "http", "meet.example:3000", false)]
    [TestCase("http://meet.example:3000", "http", "localhost:3000", false)]
    [TestCase("http://localhost:3001", "http", "localhost:3000", false)]
    [TestCase("http://127.0.0.1:3000", "http", "localhost:3000", false)]
    [TestCase("http://192.0.2.8:3000", "http", "192.0.2.7:3000", false)]
    [TestCase("http://rebound.evil:3000", "http", "rebound.evil:3000", false, TestName = "A name that somebody has made point here")]
    [TestCase("http://a.meet.example:3000", "http", "a.meet.example:3000", false)]
    [TestCase("http://meet.example.:3000", "http", "meet.example.:3000", false)]
    [TestCase("http://0xC0000207:3000", "http", "0xC0000207:3000", false)]
    [TestCase("null", "http", "null", false)]
    [TestCase("ftp://localhost", "ftp", "localhost", false)]
    [TestCase("http://localhost", "http", "", false)]
    [TestCase("http://localhost", "http", null, false)]
    [TestCase("http://localhost", "http", "user@localhost", false)]
    [TestCase("http://localhost", "http", "localhost/path", false)]
    public void The_servers_own_page_is_allowed_under_a_name_that_nobody_else_can_have(string origin, string scheme, string? host, bool isAllowed) =>
        Assert.That(Allows(new MeshSignalOptions { Hosts = ["Meet.Example"] }, origin, scheme, host), Is.EqualTo(isAllowed));

    [TestCase("http://localhost:8080", true)]
    [TestCase("https://localhost", true)]
    [TestCase("http://127.0.0.1", true)]
    [TestCase("http://127.255.255.254:1", true)]
    [TestCase("http://[::1]:5173", true)]
    [TestCase("http://126.0.0.1", false)]
    [TestCase("http://[::2]", false)]
    [TestCase("http://[::ffff:127.0.0.1]", false)]
    [TestCase("http://localhost.evil.com", false)]
    [TestCase("http://a.localhost", false)]
    [TestCase("http://localhost.", false)]
    [TestCase("http://127.0.0.1.evil.com", false)]
    [TestCase("http://127.1", false)]
    [TestCase("ftp://localhost", false)]
    [TestCase("null", false)]
    [TestCase("https://evil.com", false)]
    public void Loopback_pages_are_allowed_while_the_server_listens_on_loopback_only(string origin, bool isAllowed)
    {
        Assert.That(Allows(new MeshSignalOptions(), origin, "http", "elsewhere.example", isLocalServer: true), Is.EqualTo(isAllowed));
        Assert.That(Allows(new MeshSignalOptions(), origin, "http", "elsewhere.example", isLocalServer: false), Is.False);
    }

    [TestCase(true, false, true)]
    [TestCase(true, true, false)]
    [TestCase(false, false, false)]
    [TestCase(false, true, false)]
    public void No_origin_is_allowed_unless_the_operator_forbids_it_or_a_cookie_vouches(bool isAllowedBySettings, bool hasCookieCredential, bool isAllowed)
    {
        var policy = new OriginPolicy(new MeshSignalOptions { AllowMissingOrigin = isAllowedBySettings });
        Assert.That(policy.Allows(StringValues.Empty, "http", "localhost", isLocalServer: true, hasCookieCredential), Is.EqualTo(isAllowed));
    }

    [Test]
    public void A_cookie_changes_nothing_for_a_page_that_says_where_it_is_from() =>
        Assert.That(new OriginPolicy(Listed).Allows("https://good.com", "http", "x", isLocalServer: false, hasCookieCredential: true), Is.True);

    [Test]
    public void Two_origins_are_none_even_if_they_are_the_same() =>
        Assert.That(new OriginPolicy(Listed).Allows(new(["https://good.com", "https://good.com"]), "http", "x", isLocalServer: false, hasCookieCredential: false), Is.False);

    private static bool Allows(MeshSignalOptions options, string origin, string scheme, string? host, bool isLocalServer = false) =>
        new OriginPolicy(options).Allows(origin, scheme, host, isLocalServer, hasCookieCredential: false);
}
