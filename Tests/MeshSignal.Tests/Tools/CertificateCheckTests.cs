using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Tools.Checks;
using MeshSignal.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace MeshSignal.Tests.Tools;

/// <summary>What is said about the certificates that the server would show.</summary>
internal sealed class CertificateCheckTests
{
    private const string Password = "pa55word-pa55word";
    private const string Section = "Kestrel:Endpoints:A:Certificate";

    private readonly FakeClock _clock = new(); // It begins with the year 2026.
    private TemporaryFolder _folder;
    private ECDsa _key;

    [SetUp]
    public void Create() => (_folder, _key) = (new TemporaryFolder(), ECDsa.Create(ECCurve.NamedCurves.nistP256));

    [TearDown]
    public void Delete()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [TestCase("2026-04-01", "ok     {0}: for meet.example.org, 203.0.113.1, until 2026-04-01.")]
    [TestCase("2026-01-22", "ok     {0}: for meet.example.org, 203.0.113.1, until 2026-01-22.")]
    [TestCase("2026-01-21", "note   {0}: for meet.example.org, 203.0.113.1, ends on 2026-01-21. Renew it.")]
    [TestCase("2025-12-31", "wrong  {0}: for meet.example.org, 203.0.113.1, ended on 2025-12-31. Renew it.")]
    [TestCase("2026-01-01", "wrong  {0}: for meet.example.org, 203.0.113.1, ended on 2026-01-01. Renew it.")]
    public void The_end_and_the_names_are_told(string end, string finding)
    {
        Write(Make(end: end));
        Assert.That(Check(), Is.EqualTo([string.Format(null, finding, Section)]));
    }

    [Test]
    public void One_that_has_not_begun_is_wrong()
    {
        Write(Make(start: "2026-01-02"));
        Assert.That(Check(), Has.One.StartsWith($"wrong  {Section}: for meet.example.org, 203.0.113.1, begins on 2026-01-02 00:00 UTC only."));
    }

    [Test]
    public void One_without_names_and_one_that_is_not_for_servers_are_wrong()
    {
        Write(Make(hasNames: false));
        Assert.That(Check(), Has.One.StartsWith($"wrong  {Section}: it names no host"));
        Write(Make(use: "1.3.6.1.5.5.7.3.2"));
        Assert.That(Check(), Has.One.Contains("not made for servers"));
        Write(Make(use: "1.3.6.1.5.5.7.3.1"));
        Assert.That(Check(), Has.All.StartsWith("ok "));
    }

    [Test]
    public void Another_key_is_wrong()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        Write(Make());
        foreach (var key in new AsymmetricAlgorithm[] { other, rsa })
        {
            File.WriteAllText(_folder.PathOf("key.pem"), key.ExportPkcs8PrivateKeyPem());
            Assert.That(Check(), Has.One.StartsWith($"wrong  {Section}: {_folder.PathOf("key.pem")} is not the private key of "));
        }
    }

    [Test]
    public void A_file_that_is_not_there_is_wrong()
    {
        Write(Make());
        File.Delete(_folder.PathOf("key.pem"));
        Assert.That(Check(), Has.One.StartsWith($"wrong  {Section}: {_folder.PathOf("key.pem")} cannot be read: "));
        File.Delete(_folder.PathOf("certificate.pem"));
        Assert.That(Check(), Has.One.StartsWith("wrong ").And.One.Contains("certificate.pem"));
        File.WriteAllText(_folder.PathOf("certificate.pem"), "no certificate");
        Assert.That(Check(), Has.One.StartsWith("wrong ").And.One.Contains("certificate.pem"));
    }

    [Test]
    public void A_password_opens_the_key()
    {
        Write(Make());
        var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000);
        File.WriteAllText(_folder.PathOf("key.pem"), _key.ExportEncryptedPkcs8PrivateKeyPem(Password, encryption));
        Assert.That(Check(("Password", Password)), Has.All.StartsWith("ok "));
        Assert.That(Check(("Password", $"2{Password}")), Has.One.StartsWith($"wrong  {Section}: {_folder.PathOf("key.pem")}").And.None.Contains(Password));
    }

    [Test]
    public void Both_can_be_in_one_file()
    {
        var path = _folder.PathOf("both.pfx");
        using (var certificate = Make())
            File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, Password));
        Assert.That(Check(("Path", path), ("KeyPath", ""), ("Password", Password)), Has.All.StartsWith("ok "));
        Assert.That(Check(("Path", path), ("KeyPath", ""), ("Password", "another")), Has.One.StartsWith("wrong ").And.None.Contains("another"));

        using (var certificate = X509CertificateLoader.LoadCertificate(Make().RawData))
            File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, Password));
        Assert.That(Check(("Path", path), ("KeyPath", ""), ("Password", Password)), Is.EqualTo([$"wrong  {Section}: {path} has no private key. Set KeyPath."]));
    }

    [Test]
    public void One_file_without_a_key_is_wrong()
    {
        Write(Make());
        Assert.That(Check(("KeyPath", "")), Is.EqualTo([$"wrong  {Section}: {_folder.PathOf("certificate.pem")} has no private key. Set KeyPath."]));
    }

    [Test]
    public void Paths_are_relative_to_the_program()
    {
        Write(Make());
        Assert.That(Check(("Path", "certificate.pem"), ("KeyPath", "key.pem")), Has.All.StartsWith("ok "));
    }

    [Test]
    public void The_default_counts_where_an_endpoint_has_none()
    {
        Write(Make());
        (string, string)[] files =
        [
            ("Kestrel:Certificates:Default:Path", _folder.PathOf("certificate.pem")), ("Kestrel:Certificates:Default:KeyPath", _folder.PathOf("key.pem")),
        ];
        Assert.That(Run([("urls", "https://*:1;https://*:2"), .. files]), Has.One.StartsWith("ok     Kestrel:Certificates:Default: for meet."));
        Assert.That(Run([("Kestrel:Endpoints:A:Url", "https://*:1"), .. files]), Has.One.StartsWith("ok     Kestrel:Certificates:Default: for meet."));
    }

    [Test]
    public void None_is_wrong_with_TLS_and_noted_without()
    {
        Assert.That(Run(("urls", "https://*:1")), Is.EqualTo(["wrong  https://*:1: no certificate. Set Kestrel:Certificates:Default:Path and KeyPath."]));
        Assert.That(Run(("Kestrel:Endpoints:A:Url", "https://*:1")), Is.EqualTo(["wrong  https://*:1: no certificate. Set "
            + "Kestrel:Endpoints:A:Certificate:Path and KeyPath."]));
        Assert.That(Run(("urls", "http://*:1")), Has.One.StartsWith("note   No TLS here. Browsers give camera and microphone "));
    }

    private X509Certificate2 Make(string start = "2025-11-01", string end = "2026-12-01", bool hasNames = true, string? use = null)
    {
        var request = new CertificateRequest("CN=meet", _key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("meet.example.org");
        names.AddIpAddress(IPAddress.Parse("203.0.113.1"));
        if (hasNames)
            request.CertificateExtensions.Add(names.Build());
        if (use is not null)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], critical: false));
        return request.CreateSelfSigned(Date(start), Date(end));
    }

    private void Write(X509Certificate2 certificate)
    {
        File.WriteAllText(_folder.PathOf("certificate.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(_folder.PathOf("key.pem"), _key.ExportPkcs8PrivateKeyPem());
        certificate.Dispose();
    }

    private string[] Check(params (string Key, string Value)[] settings) => Run([
        ("Kestrel:Endpoints:A:Url", "https://*:1"), ($"{Section}:Path", _folder.PathOf("certificate.pem")), ($"{Section}:KeyPath", _folder.PathOf("key.pem")),
        .. settings.Select(static setting => ($"{Section}:{setting.Key}", setting.Value)),
    ]);

    private string[] Run(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder();
        foreach (var (key, value) in settings)
            configuration.AddInMemoryCollection([KeyValuePair.Create<string, string?>(key, value)]);
        var root = configuration.Build();
        var folder = Path.GetDirectoryName(_folder.PathOf("x"))!;
        return [.. new CertificateCheck(folder, _clock).Run(root, ListeningAddress.Read(root, [])).Select(static finding => finding.ToString())];
    }

    private static DateTimeOffset Date(string text) => DateTimeOffset.Parse($"{text}T00:00:00Z", null);
}
