using System.Net;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using Microsoft.AspNetCore.Http;

namespace MeshSignal.Tests.Policy;

/// <summary>Proxies at 10.0.0.1 to 10.0.0.254 and 2001:db8:a::1; the request comes from 10.0.0.1.</summary>
internal sealed class TrustedProxiesTests
{
    private const string Proxy = "10.0.0.1";

    private readonly TrustedProxies _proxies = New("10.0.0.0/24", "2001:db8:a::1");

    private static readonly string[] NoClients =
    [
        "unknown", "_hidden", "", " ", "-", "1", "0x7f.1", "010.0.0.1", "192.0.2.256", "192.0.2", "192.0.2.1.", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:123456", ":80", "example.org",
        "fe80::1%eth0", "[fe80::1%eth0]", "[fe80::1%eth0]:80", "[192.0.2.1]", "[192.0.2.1]:80", "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]x", "[2001:db8::1]:", "[]", "[]:80", "2001:db8::g",
        "::ffff:192.0.2.256", "::ffff:010.0.0.1", "192.0.2.1/32", "'192.0.2.1'", "192.0.2.1 192.0.2.2", "\u0661.2.3.4",
    ];

    [TestCase("192.0.2.1", "192.0.2.1")]
    [TestCase("192.0.2.1:50000", "192.0.2.1")]
    [TestCase("2001:db8:7::1", "2001:db8:7::/64")]
    [TestCase("[2001:db8:7::1]", "2001:db8:7::/64")]
    [TestCase("[2001:db8:7:0:1::1]:443", "2001:db8:7::/64")]
    [TestCase("::ffff:192.0.2.1", "192.0.2.1")]
    [TestCase("[::ffff:192.0.2.1]:80", "192.0.2.1")]
    [TestCase("[::ffff:c000:201]", "192.0.2.1")]
    [TestCase("192.0.2.1:_port", "192.0.2.1")]
    [TestCase("192.0.2.9, 192.0.2.1", "192.0.2.1", TestName = "What the client itself has written is not looked at")]
    [TestCase("unknown, 192.0.2.1", "192.0.2.1")]
    [TestCase("192.0.2.1, 10.0.0.7", "192.0.2.1", TestName = "Proxies behind each other")]
    [TestCase("192.0.2.9, 192.0.2.1 ,\t10.0.0.7,::ffff:10.0.0.8, 2001:db8:a::1", "192.0.2.1")]
    [TestCase(", 192.0.2.1, ,", "192.0.2.1", TestName = "Empty members of a list are none (RFC 9110 section 5.6.1.2)")]
    [TestCase("10.0.0.8, 10.0.0.7", "10.0.0.8", TestName = "The farthest proxy, if there is nobody behind it")]
    [TestCase("192.0.2.9, unknown, 10.0.0.7", "10.0.0.7", TestName = "The proxy that does not say")]
    [TestCase("192.0.2.9, garbage", Proxy)]
    [TestCase("", Proxy)]
    public void X_forwarded_for_is_read_from_the_right(string value, string client) => Assert.That(Client(("X-Forwarded-For", value)), Is.EqualTo(client));

    [Test]
    public void Lines_of_one_field_are_one_list()
    {
        var headers = new HeaderDictionary { ["X-Forwarded-For"] = new(["192.0.2.9", "192.0.2.1, 10.0.0.7", "10.0.0.8"]) };
        Assert.That(_proxies.Read(IPAddress.Parse(Proxy), headers).Address.ToString(), Is.EqualTo("192.0.2.1"));
    }

    [TestCaseSource(nameof(NoClients))]
    public void What_is_no_address_counts_as_the_proxy_that_has_written_it(string text)
    {
        using var scope = Assert.EnterMultipleScope();
        if (text.Trim().Length > 0)
            Assert.That(Client(("X-Forwarded-For", $"192.0.2.9, {text}, 10.0.0.7")), Is.EqualTo("10.0.0.7"));
        Assert.That(Client(("Forwarded", $"for=192.0.2.9, for=\"{text}\", for=10.0.0.7")), Is.EqualTo("10.0.0.7"));
    }

    [TestCase("for=192.0.2.1", "192.0.2.1")]
    [TestCase("For=192.0.2.1;Proto=https;BY=203.0.113.43", "192.0.2.1")]
    [TestCase("proto=https; for = 192.0.2.1", Proxy, TestName = "No space is allowed around the equals sign")]
    [TestCase("proto=https;;for=192.0.2.1;", "192.0.2.1")]
    [TestCase("for=\"192.0.2.1:47011\"", "192.0.2.1")]
    [TestCase("for=\"[2001:db8:7::1]:1234\"", "2001:db8:7::/64")]
    [TestCase("for=[2001:db8:7::1]:1234", "2001:db8:7::/64", TestName = "Quotes that a proxy forgot")]
    [TestCase("for=\"\\1\\9\\2.0.2.1\"", "192.0.2.1")]
    [TestCase("for=\"[::ffff:192.0.2.1]\"", "192.0.2.1")]
    [TestCase("for=192.0.2.9, for=192.0.2.1", "192.0.2.1")]
    [TestCase("for=192.0.2.9, for=192.0.2.1, for=10.0.0.7, for=\"[2001:db8:a::1]:99\"", "192.0.2.1")]
    [TestCase("for=192.0.2.9, proto=https, for=10.0.0.7", "10.0.0.7")]
    [TestCase("for=unknown", Proxy)]
    [TestCase("for=_SEVKISEK", Proxy)]
    [TestCase("for=\"_hidden:_p\"", Proxy)]
    [TestCase("for=192.0.2.1;for=192.0.2.2", Proxy, TestName = "Two clients of one proxy")]
    [TestCase("for=192.0.2.1;FOR=192.0.2.1", Proxy)]
    [TestCase("192.0.2.1", Proxy)]
    [TestCase("for=", Proxy)]
    [TestCase("=192.0.2.1", Proxy)]
    [TestCase("for=\"192.0.2.1", Proxy)]
    [TestCase("for=192.0.2.1\"", Proxy)]
    [TestCase("for=\"192.0.2.1\\\"", Proxy)]
    [TestCase("for=\"192.0.2.1\"x", Proxy)]
    [TestCase("for=192.0.2.1;secret=\"a", Proxy)]
    [TestCase("for=192.0.2.9;by=\"a,b;for=192.0.2.8\"", "192.0.2.9", TestName = "Separators in quotes are text")]
    [TestCase("for=\"x, for=192.0.2.1", Proxy, TestName = "An open quotation of the client's before what the proxy has appended")]
    [TestCase("for=192.0.2.9;x=\", for=\"[2001:db8:7::1]\"", Proxy, TestName = "One that the proxy's own quotation closes")]
    [TestCase("for=192.0.2.9;x=\"\\, for=\"[2001:db8:7::1]\"", Proxy)]
    [TestCase("for=192.0.2.9, \"\", for=192.0.2.1", "192.0.2.1")]
    public void Forwarded_is_read_from_the_right(string value, string client) => Assert.That(Client(("Forwarded", value)), Is.EqualTo(client));

    [Test]
    public void An_open_quotation_in_a_line_of_the_clients_spoils_only_that_line()
    {
        var headers = new HeaderDictionary { ["Forwarded"] = new(["for=\"x", "for=192.0.2.1"]) };
        Assert.That(_proxies.Read(IPAddress.Parse(Proxy), headers).Address.ToString(), Is.EqualTo("192.0.2.1"));
    }

    [TestCase("for=192.0.2.1", "192.0.2.1", "192.0.2.1")]
    [TestCase("for=\"192.0.2.1:80\"", "192.0.2.9, 192.0.2.1", "192.0.2.1")]
    [TestCase("for=192.0.2.9", "192.0.2.1", Proxy)]
    [TestCase("for=192.0.2.1", "192.0.2.9", Proxy)]
    [TestCase("for=unknown", "192.0.2.1", Proxy)]
    [TestCase("for=192.0.2.1", "", Proxy)]
    public void Of_both_fields_neither_is_believed_unless_they_agree(string forwarded, string forwardedFor, string client) =>
        Assert.That(Client(("Forwarded", forwarded), ("X-Forwarded-For", forwardedFor)), Is.EqualTo(client));

    [TestCase("192.0.2.7", "192.0.2.7")]
    [TestCase("10.0.1.1", "10.0.1.1")]
    [TestCase("::ffff:192.0.2.7", "192.0.2.7")]
    [TestCase("127.0.0.1", "127.0.0.1")]
    public void From_anybody_else_they_say_nothing(string peer, string client)
    {
        var headers = new HeaderDictionary
        {
            ["X-Forwarded-For"] = "192.0.2.1", ["Forwarded"] = "for=192.0.2.1;proto=https;host=a", ["X-Forwarded-Proto"] = "https", ["X-Forwarded-Host"] = "a",
        };
        var arrival = _proxies.Read(IPAddress.Parse(peer), headers);
        Assert.That((arrival.Address.ToString(), arrival.IsForwarded, arrival.Scheme, arrival.Host), Is.EqualTo((client, true, (string?)null, (string?)null)));
    }

    [TestCase("10.0.0.9")]
    [TestCase("::ffff:10.0.0.9")]
    [TestCase("2001:db8:a::1")]
    public void A_proxy_may_be_named_alone_or_in_a_network_and_come_over_either_kind_of_socket(string peer) =>
        Assert.That(_proxies.Read(IPAddress.Parse(peer), new HeaderDictionary { ["X-Forwarded-For"] = "192.0.2.1" }).Address.ToString(), Is.EqualTo("192.0.2.1"));

    [TestCase("X-Forwarded-For", true)]
    [TestCase("Forwarded", true)]
    [TestCase("X-Forwarded-Proto", false)]
    public void Whether_a_request_was_forwarded_is_told_by_two_fields(string field, bool isForwarded) =>
        Assert.That(_proxies.Read(IPAddress.Parse("192.0.2.7"), new HeaderDictionary { [field] = "x" }).IsForwarded, Is.EqualTo(isForwarded));

    [TestCase("https", "meet.example", "https", "meet.example")]
    [TestCase("http, https", "a, b", null, null, TestName = "Of several it is not known who has written which")]
    [TestCase("", "", null, null)]
    [TestCase("wss", "", "https", null, TestName = "What an upgrade becomes is said by some")]
    [TestCase("WS", "", "http", null)]
    [TestCase("gopher", "", null, null)]
    public void Scheme_and_host_come_from_a_proxy(string proto, string hostField, string? scheme, string? host)
    {
        var arrival = Read(("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", proto), ("X-Forwarded-Host", hostField));
        Assert.That((arrival.Scheme, arrival.Host), Is.EqualTo((scheme, host)));
    }

    [Test]
    public void Scheme_and_host_of_forwarded_are_those_of_the_proxy_that_the_client_came_to()
    {
        var arrival = Read(("Forwarded", "for=192.0.2.9;proto=http;host=evil.example, for=192.0.2.1;proto=https;host=\"meet.example:8443\", for=10.0.0.7;proto=http;host=inner"));
        Assert.That((arrival.Scheme, arrival.Host), Is.EqualTo(("https", "meet.example:8443")));
    }

    [Test]
    public void They_are_known_also_where_the_client_is_hidden()
    {
        var arrival = Read(("Forwarded", "for=_hidden;proto=https;host=meet.example"));
        Assert.That((arrival.Address.ToString(), arrival.Scheme, arrival.Host), Is.EqualTo((Proxy, "https", "meet.example")));
    }

    private static TrustedProxies New(params string[] proxies) => new(new MeshSignalOptions { Limits = new() { TrustedProxies = [.. proxies] } });

    private string Client(params (string Name, string Value)[] fields) => Read(fields).Address.ToString();

    private Arrival Read(params (string Name, string Value)[] fields)
    {
        var headers = new HeaderDictionary();
        foreach (var (name, value) in fields)
            headers[name] = value;
        return _proxies.Read(IPAddress.Parse(Proxy), headers);
    }
}
