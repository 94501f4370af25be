using MeshSignal.Server.Hosting;
using MeshSignal.Server.Tools.Checks;
using Microsoft.Extensions.Configuration;

namespace MeshSignal.Tests.Tools;

/// <summary>What is said about who gets in.</summary>
internal sealed class AccessCheckTests
{
    private const string Secret = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t";

    [TestCase("http://localhost:3000", "ok     {0}: reached from this machine only.")]
    [TestCase("http://[::1]:3000", "ok     {0}: reached from this machine only.")]
    [TestCase("http://unix:/run/meshsignal.sock", "ok     {0}: reached from this machine only.")]
    [TestCase("https://*:443", "ok     {0}: reached from elsewhere, with TLS.")]
    [TestCase("http://0.0.0.0:80", "note   {0}: reached from elsewhere without TLS, and no proxy")]
    [TestCase("http://203.0.113.5:80", "note   {0}: reached from elsewhere without TLS, and no proxy")]
    [TestCase("http://meet.example.org:80", "note   {0}: reached from elsewhere without TLS, and no proxy")]
    public void Where_it_listens_is_told(string url, string finding) =>
        Assert.That(Find(new MeshSignalOptions(), url)[0], Does.StartWith(string.Format(null, finding, url)));

    [Test]
    public void A_proxy_in_front_may_do_the_TLS()
    {
        var options = new MeshSignalOptions { Limits = { TrustedProxies = ["10.1.0.0/16"] }, Admin = { Key = Secret, BansFile = "/b" } };
        var findings = Find(options, "http://*:80");
        Assert.That(findings, Has.One.StartsWith("ok     http://*:80: reached from elsewhere without TLS. Only who comes by your proxies can connect, if they send "
            + "X-Forwarded-Proto: https. Let nobody else get there (firewall): 10.1.0.0/16."));
        Assert.That(findings, Has.Member("ok     Believed about where a client is: 10.1.0.0/16."));
        Assert.That(findings, Has.Member("ok     The admin API (/admin) is on, for who has its key."));
    }

    [Test]
    public void Who_is_let_in_without_TLS_is_noted()
    {
        var options = new MeshSignalOptions { AllowCleartext = true, Limits = { TrustedProxies = ["10.1.0.0/16"] }, Admin = { Key = Secret } };
        var findings = Find(options, "http://*:80");
        Assert.That(findings, Has.One.StartsWith("note   http://*:80: reached from elsewhere without TLS, and AllowCleartext lets clients connect so."));
        Assert.That(findings, Has.Member("note   The admin API (/admin) is on, and its key would cross the network without TLS."));
        Assert.That(Find(options, "http://localhost:80"), Has.Member("ok     The admin API (/admin) is on, for who has its key."));
    }

    [Test]
    public void Nobody_in_particular_is_noted_where_others_get_here()
    {
        const string Text = "Anybody who gets here may connect, under any free name.";
        Assert.That(Find(new MeshSignalOptions(), "http://localhost:1"), Has.Member($"ok     {Text}"));
        Assert.That(Find(new MeshSignalOptions(), "https://*:1"), Has.One.StartsWith($"note   {Text}"));
        Assert.That(Find(new MeshSignalOptions { Limits = { TrustedProxies = ["127.0.0.1"] } }, "http://localhost:1"), Has.One.StartsWith($"note   {Text}"));
        Assert.That(Find(WithKeys(isRequired: false), "https://*:1"), Has.One.StartsWith("note   Who has a join token may connect, and so may anybody else"));
        Assert.That(Find(WithKeys(isRequired: true), "https://*:1"), Has.Member("ok     Who has a join token may connect, and nobody else."));
    }

    [Test]
    public void Keys_are_told_by_name_and_never_by_what_they_are()
    {
        var options = WithKeys(isRequired: true);
        options.Authentication.CookieName = "mesh";
        options.Admin.Key = Secret;
        var findings = Find(options, "http://*:1");
        Assert.That(findings, Has.Member("ok     Join keys: 2026-01 (HS256)."));
        Assert.That(findings, Has.Member("ok     Programs other than browsers, which say no Origin, may connect, but not with the cookie mesh."));
        Assert.That(findings, Has.Member("ok     The admin API (/admin) is on, for who has its key."));
        Assert.That(findings, Has.One.StartsWith("note   Bans end with the server."));
        Assert.That(findings, Has.None.Contains(Secret));
    }

    [Test]
    public void Pages_are_told_and_those_without_TLS_noted()
    {
        var options = new MeshSignalOptions
        {
            Hosts = ["meet.example.org"], Origins = ["https://a.example", "http://b.example", "http://localhost:8080"], AllowMissingOrigin = false,
            Limits = { DryRun = true },
        };
        var findings = Find(options, "http://localhost:1");
        Assert.That(findings, Has.Member(
            "ok     Pages that may connect: this server's own by localhost or address, meet.example.org, https://a.example, http://b.example, "
                + "http://localhost:8080."));
        Assert.That(findings.Where(static finding => finding.StartsWith("note", StringComparison.Ordinal)), Has.Exactly(2).Items
            .And.One.StartsWith("note   http://b.example in Origins").And.One.StartsWith("note   Limits:DryRun"));
        Assert.That(findings, Has.Member("ok     Programs other than browsers, which say no Origin, may not connect."));
        Assert.That(findings, Has.One.StartsWith("ok     The admin API (/admin) is off"));
    }

    [Test]
    public void Rooms_are_told_by_pattern()
    {
        var options = new MeshSignalOptions();
        options.Calls.Rooms.AddRange([new RoomOptions { Pattern = "den-*", ForceRelay = true }, new RoomOptions { Pattern = "x" }]);
        Assert.That(Rooms(options), Is.EqualTo([
            "ok     Rooms den-*: calls go through a relay, and no address passes.",
            "ok     Rooms x: calls go directly where they can, so peers learn each other's addresses.",
            "ok     All other rooms: calls go directly where they can, so peers learn each other's addresses.",
        ]));
        options.Ice.TrustRelayCandidateType = true;
        Assert.That(Rooms(options)[^1], Does.StartWith("note   Ice:TrustRelayCandidateType"));

        Assert.That(Rooms(Ices.Options("turn:a")), Has.One.StartsWith("note   All rooms: calls go directly").And.One.Contains("Calls:ForceRelay would"));
        Assert.That(Rooms(new MeshSignalOptions { Calls = { ForceRelay = true } }), Is.EqualTo(["ok     All rooms: calls go through a relay, and no address "
            + "passes."]));
        Assert.That(Rooms(new MeshSignalOptions { Calls = { Enabled = false } }), Is.EqualTo(["ok     Calls are off (Calls:Enabled)."]));
    }

    [TestCase("http://a:1;https://b:2", "http://a:1", "https://b:2", "urls", "http_ports")]
    public void Addresses_are_found_where_Kestrel_finds_them(string urls, string first, string second, string key, string less)
    {
        Assert.That(Listen((key, urls), (less, "9")), Is.EqualTo([first, second]));
        Assert.That(Listen((less, "9;8"), ("https_ports", "7")), Is.EqualTo(["http://*:9", "http://*:8", "https://*:7"]));
        Assert.That(Listen((key, urls), ("Kestrel:Endpoints:A:Url", "http://c:3")), Is.EqualTo(["http://c:3"]));
    }

    [TestCase("urls", "nonsense")]
    [TestCase("urls", "ftp://a")]
    [TestCase("Kestrel:Endpoints:A:Protocols", "Http1")]
    public void What_is_no_address_is_a_problem(string key, string value)
    {
        var problems = new List<string>();
        ListeningAddress.Read(Configuration((key, value)), problems);
        Assert.That(problems, Has.One.Contains("is no address to listen on"));
    }

    private static MeshSignalOptions WithKeys(bool isRequired) =>
        new() { Authentication = { Required = isRequired, Keys = [new TokenKeyOptions { Id = "2026-01", Algorithm = "HS256", Secret = Secret }] } };

    private static string[] Find(MeshSignalOptions options, string url) =>
        [.. new AccessCheck(options, ListeningAddress.Read(Configuration(("urls", url)), [])).Run().Select(static finding => finding.ToString())];

    private static string[] Rooms(MeshSignalOptions options) => [.. RelayCheck.Run(options).Select(static finding => finding.ToString())];

    private static string[] Listen(params (string Key, string Value)[] settings) =>
        [.. ListeningAddress.Read(Configuration(settings), []).Select(static address => address.Url)];

    private static IConfigurationRoot Configuration(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(static setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value))).Build();
}
