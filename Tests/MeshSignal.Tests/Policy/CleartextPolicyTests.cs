using System.Net;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using Microsoft.AspNetCore.Http;

namespace MeshSignal.Tests.Policy;

/// <summary>Who may come without TLS. The operator's proxies are 127.0.0.9 and 10.0.0.1.</summary>
internal sealed class CleartextPolicyTests
{
    [TestCase("192.0.2.7", false, null, false)]
    [TestCase("10.1.2.3", false, null, false, TestName = "A private network is a network")]
    [TestCase("::ffff:192.0.2.7", false, null, false)]
    [TestCase("2001:db8::7", false, null, false)]
    [TestCase("fe80::7", false, null, false)]
    [TestCase("192.0.2.7", true, null, true)]
    [TestCase("2001:db8::7", true, null, true)]
    [TestCase("127.0.0.1", false, null, true)]
    [TestCase("127.255.255.254", false, null, true)]
    [TestCase("::1", false, null, true)]
    [TestCase("::ffff:127.0.0.1", false, null, true)]
    [TestCase("127.0.0.1", true, null, true)]
    public void Without_a_proxy_only_this_machine_may(string peer, bool hasTls, string? proto, bool isAllowed) => Expect(peer, hasTls, proto, isAllowed);

    [TestCase("192.0.2.7", false, "https", false, TestName = "A stranger who says that he is a proxy")]
    [TestCase("192.0.2.7", true, "http", true)]
    [TestCase("127.0.0.1", false, "http", true, TestName = "A proxy on this machine that nobody has named")]
    [TestCase("127.0.0.1", false, "https", true)]
    public void What_others_than_the_operators_proxies_say_counts_for_nothing(string peer, bool hasTls, string proto, bool isAllowed) => Expect(peer, hasTls, proto, isAllowed);

    [TestCase("10.0.0.1", false, "https", true)]
    [TestCase("10.0.0.1", false, "HTTPS", true)]
    [TestCase("10.0.0.1", false, "wss", true, TestName = "What some proxies say of an upgrade")]
    [TestCase("10.0.0.1", false, "http", false)]
    [TestCase("10.0.0.1", false, "ws", false)]
    [TestCase("10.0.0.1", false, null, false, TestName = "A proxy on another machine that does not say")]
    [TestCase("10.0.0.1", false, "", false)]
    [TestCase("10.0.0.1", false, "https, http", false)]
    [TestCase("10.0.0.1", false, "httpsx", false)]
    [TestCase("10.0.0.1", true, null, true)]
    [TestCase("10.0.0.1", true, "http", false, TestName = "TLS from the proxy on is not TLS from the client on")]
    [TestCase("127.0.0.9", false, null, true, TestName = "A proxy on this machine as it is set up without a thought")]
    [TestCase("127.0.0.9", false, "https", true)]
    [TestCase("127.0.0.9", false, "http", false, TestName = "A proxy on this machine that serves others without TLS")]
    public void What_a_proxy_of_the_operators_says_of_its_client_counts(string peer, bool hasTls, string? proto, bool isAllowed)
    {
        Expect(peer, hasTls, proto, isAllowed);
        if (proto is { Length: > 0 } && !proto.Contains(',', StringComparison.Ordinal))
            Expect(peer, hasTls, ("Forwarded", $"for=192.0.2.1;proto={proto}"), isAllowed);
    }

    [TestCase("192.0.2.7", null)]
    [TestCase("10.0.0.1", null)]
    [TestCase("10.0.0.1", "http")]
    [TestCase("127.0.0.9", "http")]
    public void The_setting_lets_everybody(string peer, string? proto) => Expect(peer, hasTls: false, proto, isAllowed: true, allowCleartext: true);

    private static void Expect(string peer, bool hasTls, string? proto, bool isAllowed, bool allowCleartext = false) =>
        Expect(peer, hasTls, ("X-Forwarded-Proto", proto), isAllowed, allowCleartext);

    private static void Expect(string peer, bool hasTls, (string Name, string? Value) field, bool isAllowed, bool allowCleartext = false)
    {
        var options = new MeshSignalOptions { AllowCleartext = allowCleartext, Limits = { TrustedProxies = ["127.0.0.9", "10.0.0.1"] } };
        var headers = new HeaderDictionary();
        if (field.Value is not null)
            headers[field.Name] = field.Value;
        var address = IPAddress.Parse(peer);
        Assert.That(new CleartextPolicy(options).Allows(address, hasTls, new TrustedProxies(options).Read(address, headers)), Is.EqualTo(isAllowed), $"{field}");
    }
}
