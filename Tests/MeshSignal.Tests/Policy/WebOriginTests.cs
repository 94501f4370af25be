using MeshSignal.Server.Policy;

namespace MeshSignal.Tests.Policy;

internal sealed class WebOriginTests
{
    [TestCase("https://meet.example.org", "https://meet.example.org", 443)]
    [TestCase("https://meet.example.org:443", "https://meet.example.org", 443)]
    [TestCase("http://meet.example.org:80", "http://meet.example.org", 80)]
    [TestCase("http://meet.example.org:443", "http://meet.example.org:443", 443)]
    [TestCase("https://meet.example.org:8443", "https://meet.example.org:8443", 8443)]
    [TestCase("HTTPS://Meet.Example.ORG", "https://meet.example.org", 443)]
    [TestCase("http://localhost:3000", "http://localhost:3000", 3000)]
    [TestCase("http://3dprinter", "http://3dprinter", 80)]
    [TestCase("http://a_b.example", "http://a_b.example", 80)]
    [TestCase("https://xn--mt-fka.example", "https://xn--mt-fka.example", 443)]
    [TestCase("http://192.0.2.7:65535", "http://192.0.2.7:65535", 65535)]
    [TestCase("http://[2001:DB8:0::1]:81", "http://[2001:db8::1]:81", 81)]
    [TestCase("http://[::1]", "http://[::1]", 80)]
    [TestCase("capacitor://localhost", "capacitor://localhost", 0)]
    [TestCase("chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", 0)]
    public void Has_one_spelling(string text, string spelling, int port)
    {
        Assert.That(WebOrigin.TryParse(text, out var origin), Is.True);
        Assert.That((origin.ToString(), origin.Port), Is.EqualTo((spelling, port)));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("null")]
    [TestCase("*")]
    [TestCase("https://*.example.org")]
    [TestCase("meet.example.org")]
    [TestCase("//meet.example.org")]
    [TestCase("://meet.example.org")]
    [TestCase("https:meet.example.org")]
    [TestCase("https:/meet.example.org")]
    [TestCase("https:///meet.example.org")]
    [TestCase("https://")]
    [TestCase("https://meet.example.org/")]
    [TestCase("https://meet.example.org/path")]
    [TestCase("https://meet.example.org?")]
    [TestCase("https://meet.example.org#a")]
    [TestCase("https://user@meet.example.org")]
    [TestCase("https://user:pass@meet.example.org")]
    [TestCase(" https://meet.example.org")]
    [TestCase("https://meet.example.org ")]
    [TestCase("https ://meet.example.org")]
    [TestCase("https://meet.example.org\t")]
    [TestCase("https://meet.example.org\n")]
    [TestCase("https://meet.example.org, https://meet.example.org")]
    [TestCase("https://meet.example.org https://meet.example.org")]
    [TestCase("h\u0131ttps://meet.example.org")]
    [TestCase("\u212Attp://meet.example.org")] // The Kelvin sign is k in lower case, outside of ASCII.
    [TestCase("1http://meet.example.org")]
    [TestCase("https://meet\u0000.example.org")]
    [TestCase("https://m\u00E9t.example")]
    [TestCase("https://meet\u3002example")]
    [TestCase("https://%6deet.example")]
    [TestCase("https://meet.example.org.")]
    [TestCase("https://meet..example.org")]
    [TestCase("https://.example.org")]
    [TestCase("https://meet.example.org:")]
    [TestCase("https://meet.example.org:0")]
    [TestCase("https://meet.example.org:0443")]
    [TestCase("https://meet.example.org:65536")]
    [TestCase("https://meet.example.org:+443")]
    [TestCase("https://meet.example.org: 443")]
    [TestCase("https://meet.example.org:4\u0663")]
    [TestCase("https://meet.example.org:99999999999")]
    [TestCase("http://127.1")]
    [TestCase("http://2130706433")]
    [TestCase("http://0x7f.0.0.1")]
    [TestCase("http://a.0x7f000001")]
    [TestCase("http://127.0.0.01")]
    [TestCase("http://127.0.0.256")]
    [TestCase("http://127.0.0.1.")]
    [TestCase("http://::1")]
    [TestCase("http://[::1")]
    [TestCase("http://::1]")]
    [TestCase("http://[::1]a")]
    [TestCase("http://[[::1]]")]
    [TestCase("http://[::1%25lo]")]
    [TestCase("http://[::1%lo]")]
    [TestCase("http://[127.0.0.1]")]
    [TestCase("http://[::ffff:127.0.0.1]")]
    [TestCase("http://[::ffff:7f00:1]")]
    [TestCase("http://[v1.a]")]
    [TestCase("http://[]")]
    public void What_is_more_or_less_is_none(string? text) => Assert.That(WebOrigin.TryParse(text, out _), Is.False);

    [Test]
    public void A_host_has_at_most_253_characters()
    {
        var host = string.Join('.', Enumerable.Repeat(new string('a', 62), 4)) + "a";
        Assert.That(WebOrigin.TryParse($"https://{host}a", out _), Is.True, $"{host.Length + 1}");
        Assert.That(WebOrigin.TryParse($"https://{host}aa", out _), Is.False);
    }
}
