using MeshSignal.Server.Hosting;
using Microsoft.Extensions.Configuration;

namespace MeshSignal.Tests.Hosting;

/// <summary>What of the settings for origins and proxies keeps the server from starting, and what does not.</summary>
internal sealed class OriginConfigurationTests
{
    [TestCase("Origins", "https://meet.example.org")]
    [TestCase("Origins", "http://meet.example.org:8080")]
    [TestCase("Origins", "http://[2001:db8::1]:8080")]
    [TestCase("Origins", "capacitor://localhost")]
    [TestCase("Hosts", "meet.example.org")]
    [TestCase("Hosts", "MEET")]
    [TestCase("Limits:TrustedProxies", "127.0.0.1")]
    [TestCase("Limits:TrustedProxies", "::1")]
    [TestCase("Limits:TrustedProxies", "10.1.0.0/16")]
    [TestCase("Limits:TrustedProxies", "2001:db8::/48")]
    public void A_right_value_is_no_error(string list, string value) => Assert.That(Errors(($"MeshSignal:{list}:0", value)), Is.Empty);

    [TestCase("Origins", "")]
    [TestCase("Origins", "*")]
    [TestCase("Origins", "null")]
    [TestCase("Origins", "meet.example.org")]
    [TestCase("Origins", "https://meet.example.org/")]
    [TestCase("Origins", "https://meet.example.org/app")]
    [TestCase("Origins", "https://*.example.org")]
    [TestCase("Origins", "https://a.example.org,https://b.example.org")]
    [TestCase("Origins", "https://m\u00E9t.example")]
    [TestCase("Hosts", "")]
    [TestCase("Hosts", "meet.example.org:443")]
    [TestCase("Hosts", "https://meet.example.org")]
    [TestCase("Hosts", "*.example.org")]
    [TestCase("Hosts", "meet.example.org.")]
    [TestCase("Limits:TrustedProxies", "")]
    [TestCase("Limits:TrustedProxies", "nginx")]
    [TestCase("Limits:TrustedProxies", "10.1.0.1/16")]
    [TestCase("Limits:TrustedProxies", "0.0.0.0/0")]
    [TestCase("Limits:TrustedProxies", "::/0")]
    [TestCase("Limits:TrustedProxies", "127.1")]
    [TestCase("Limits:TrustedProxies", "127.0.0.1:80")]
    public void A_wrong_one_is_named(string list, string value) =>
        Assert.That(Errors(($"MeshSignal:{list}:0", value)), Has.Count.EqualTo(1).And.All.StartsWith($"MeshSignal:{list}: '{value}' "));

    [Test]
    public void Each_wrong_one_has_a_sentence_of_its_own() =>
        Assert.That(Errors(("MeshSignal:Origins:0", "a"), ("MeshSignal:Origins:1", "b"), ("MeshSignal:Origins:2", "http://c"), ("MeshSignal:Hosts:0", "d:1")), Has.Count.EqualTo(3));

    [TestCase("true", 1)]
    [TestCase("True", 1)]
    [TestCase("false", 0)]
    public void A_switch_that_believes_everybody_is_an_error(string value, int count) => Assert.That(Errors(("FORWARDEDHEADERS_ENABLED", value)), Has.Count.EqualTo(count));

    private static IReadOnlyList<string> Errors(params (string Key, string Value)[] settings) =>
        ConfigurationCheck.Errors(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build());
}
