using System.Security.Cryptography;
using System.Text;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Hosting;
using MeshSignal.Tests.Support;
using Microsoft.Extensions.Configuration;
using static MeshSignal.Tests.Authentication.Tokens;

namespace MeshSignal.Tests.Authentication;

/// <summary>What of the settings for join tokens keeps the server from starting, and what does not.</summary>
internal sealed class AuthenticationConfigurationTests : IDisposable
{
    private const string Text = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t";
    private const string Hs = "HS256";
    private const string Keys = "MeshSignal:Authentication:Keys";

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"meshsignal-{Guid.NewGuid():N}.pem");

    public void Dispose() => File.Delete(_file);

    [Test]
    public void Right_keys_are_no_error()
    {
        File.WriteAllText(_file, $"A comment is allowed (RFC 7468 section 5.2).\n{Rsa.ExportSubjectPublicKeyInfoPem()}\n");
        AssertErrors(Errors(Key(0, "", Hs, secret: Text)));
        AssertErrors(Errors(Key(0, "", Hs, secret: Text[..32])));
        AssertErrors(Errors([.. Key(0, "a", Hs, secret: Text), .. Key(5, "A", "RS256", file: _file)]));
        AssertErrors(Errors([
            .. Key(0, "", Hs, secret: Text), ("MeshSignal:Authentication:Required", "true"), ("MeshSignal:Authentication:Deadline", "00:01:00"),
            ("MeshSignal:Authentication:Issuer", "me"), ("MeshSignal:Authentication:Audience", "you"),
            ("MeshSignal:Authentication:CookieName", "__Host-a.b!~")]));
    }

    [Test]
    public async Task The_server_makes_its_keys_of_the_settings()
    {
        await File.WriteAllTextAsync(_file, Ecdsa.ExportSubjectPublicKeyInfoPem());
        await using var server = await TestServer.StartAsync(
            [.. Key(0, "h", Hs, secret: Text), .. Key(1, "e", "ES256", file: _file), ("MeshSignal:Authentication:Issuer", "me")]);
        var (tokens, now) = (server.Get<JoinTokens>(), server.Clock.GetUtcNow());
        var claims = $$"""{"sub":"u1","iss":"me","exp":{{now.ToUnixTimeSeconds() + 60}}}""";
        Assert.That(
            tokens.Judge(Tokens.Hs(claims, """{"alg":"HS256","kid":"h"}""", Encoding.UTF8.GetBytes(Text)), now),
            Is.EqualTo(TokenRefusal.None));
        Assert.That(tokens.Judge(Es(claims, """{"alg":"ES256","kid":"e"}"""), now), Is.EqualTo(TokenRefusal.None));
        Assert.That(
            tokens.Judge(Es(claims.Replace("me", "you", StringComparison.Ordinal), """{"alg":"ES256","kid":"e"}"""), now),
            Is.EqualTo(TokenRefusal.Iss));
        var used = server.Get<UsedCredentials>();
        Assert.That(server.Get<UsedCredentials>(), Is.SameAs(used), "else a token would be good once for each who asks");
        Assert.That(server.Log.Lines, Has.None.Contains(Text));
    }

    [TestCase("")]
    [TestCase("none")]
    [TestCase("hs256")]
    [TestCase("HS512")]
    [TestCase("PS256")]
    [TestCase("EdDSA")]
    public void An_algorithm_that_is_not_known_is_named(string algorithm) =>
        AssertErrors(
            Errors(Key(0, "k1", algorithm, secret: Text)),
            $"{Keys}: 'k1' has the algorithm '{algorithm}', and only HS256, RS256 and ES256 are known.");

    [TestCase("", "is for HS256, which needs a Secret.")]
    [TestCase("s3cr3t-of-31-bytes-is-too-short", "has a Secret that is too short: it must have 32 bytes or more, because ")]
    public void A_secret_that_anybody_could_guess_is_an_error(string secret, string expected) =>
        AssertErrors(Errors(Key(0, "k1", Hs, secret: secret)), $"{Keys}: 'k1' {expected}");

    [Test]
    public void A_secret_is_measured_in_bytes() => AssertErrors(Errors(Key(0, "k1", Hs, secret: new string('é', 16))));

    [TestCase("HS256", "is for HS256, which needs a Secret.", null, "/etc/hostname")]
    [TestCase("RS256", "is for RS256, which needs a PublicKeyFile.", Text, null)]
    [TestCase("ES256", "is for ES256, which needs a PublicKeyFile.", null, null)]
    [TestCase("RS256", "has a Secret and a PublicKeyFile; one of them would be ignored.", Text, "/etc/hostname")]
    [TestCase("HS256", "has a Secret and a PublicKeyFile; one of them would be ignored.", Text, "/etc/hostname")]
    [TestCase("RS256", "has a PublicKeyFile that cannot be read: ", null, "/no/such/file")]
    [TestCase("ES256", "has a PublicKeyFile that cannot be read: ", null, "/")]
    public void What_an_algorithm_needs_is_missed(string algorithm, string expected, string? secret, string? file) =>
        AssertErrors(Errors(Key(0, "k1", algorithm, secret, file)), $"{Keys}: 'k1' {expected}");

    [Test]
    public void A_public_key_is_the_one_thing_in_its_file()
    {
        var pem = Ecdsa.ExportSubjectPublicKeyInfoPem();
        string[] others =
        [
            "", "no PEM", Convert.ToBase64String(Ecdsa.ExportSubjectPublicKeyInfo()), pem[..^5],
            pem.Replace("PUBLIC KEY", "CERTIFICATE", StringComparison.Ordinal), pem.Replace("PUBLIC KEY", "RSA PUBLIC KEY", StringComparison.Ordinal),
            Ecdsa.ExportPkcs8PrivateKeyPem(), Ecdsa.ExportECPrivateKeyPem(), $"{Ecdsa.ExportECPrivateKeyPem()}\n{pem}",
            $"{pem}\n{Ecdsa.ExportECPrivateKeyPem()}", $"{pem}\n{pem}",
        ];
        foreach (var text in others)
            AssertErrors(ErrorsOfFile("ES256", text), $"{Keys}: 'k1' must have one public key in its PublicKeyFile {_file} and nothing else, in PEM ");
    }

    [Test]
    public void A_public_key_is_of_its_algorithm_and_long_enough()
    {
        using var shortRsa = RSA.Create(1024);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var ecdh = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP521);
        AssertErrors(ErrorsOfFile("RS256", Rsa.ExportSubjectPublicKeyInfoPem()));
        AssertErrors(ErrorsOfFile("ES256", Ecdsa.ExportSubjectPublicKeyInfoPem()));
        AssertErrors(
            ErrorsOfFile("RS256", Ecdsa.ExportSubjectPublicKeyInfoPem()),
            $"{Keys}: 'k1' is for RS256, and its PublicKeyFile {_file} holds no key for that.");
        AssertErrors(
            ErrorsOfFile("ES256", Rsa.ExportSubjectPublicKeyInfoPem()),
            $"{Keys}: 'k1' is for ES256, and its PublicKeyFile {_file} holds no key for that.");
        AssertErrors(
            ErrorsOfFile("RS256", PemEncoding.WriteString("PUBLIC KEY", [1, 2, 3])),
            $"{Keys}: 'k1' is for RS256, and its PublicKeyFile {_file} holds no key for that.");
        AssertErrors(
            ErrorsOfFile("RS256", shortRsa.ExportSubjectPublicKeyInfoPem()),
            $"{Keys}: 'k1' has an RSA key of 1024 bits in its PublicKeyFile {_file}, and 2048 are the least.");
        foreach (var wrong in new[] { p384.ExportSubjectPublicKeyInfoPem(), ecdh.ExportSubjectPublicKeyInfoPem() })
            AssertErrors(ErrorsOfFile("ES256", wrong), $"{Keys}: 'k1' is for ES256, and the key in its PublicKeyFile {_file} is not on the curve P-256 ");
    }

    [Test]
    public void Of_several_keys_each_has_an_id_of_its_own()
    {
        AssertErrors(
            Errors([.. Key(0, "a", Hs, secret: Text), .. Key(1, "a", Hs, secret: Text), .. Key(2, "b", Hs, secret: Text)]),
            $"{Keys}: 'a' is the Id of 2 keys.");
        AssertErrors(
            Errors([.. Key(0, "a", Hs, secret: Text), .. Key(1, "", Hs, secret: Text), .. Key(2, "", Hs, secret: Text)]),
            $"{Keys}: each needs an Id if there are several");
    }

    [TestCase("Required", "true", "MeshSignal:Authentication:Required needs Keys.")]
    [TestCase("Issuer", "me", "MeshSignal:Authentication:Issuer is set and Keys are not, so nothing would be checked.")]
    [TestCase("Audience", "me", "MeshSignal:Authentication:Audience is set and Keys are not, so nothing would be checked.")]
    [TestCase("CookieName", "me", "MeshSignal:Authentication:CookieName is set and Keys are not, so nothing would be checked.")]
    public void Without_keys_nothing_can_be_asked_for(string key, string value, string expected) =>
        AssertErrors(Errors(($"MeshSignal:Authentication:{key}", value)), expected);

    [TestCase("a b")]
    [TestCase("a=b")]
    [TestCase("a;b")]
    [TestCase("a\"")]
    [TestCase("é")]
    [TestCase("a\n")]
    [TestCase("a@b")]
    public void A_cookie_has_a_name_that_cookies_can_have(string name) =>
        AssertErrors(
            Errors([.. Key(0, "", Hs, secret: Text), ("MeshSignal:Authentication:CookieName", name)]),
            $"MeshSignal:Authentication:CookieName: '{name}' is no name for a cookie.");

    [TestCase("00:00:00.9")]
    [TestCase("00:01:01")]
    public void A_deadline_out_of_its_range_is_named(string deadline) =>
        Assert.That(Errors(("MeshSignal:Authentication:Deadline", deadline)), Has.Count.EqualTo(1).And.All.Contains("Deadline"));

    /// <summary>Where a list or an object is expected, or another key is meant.</summary>
    [TestCase("")]
    [TestCase(":0")]
    [TestCase(":0:Secret:0")]
    [TestCase(":0:PrivateKeyFile")]
    [TestCase(":0:Secrets")]
    [TestCase(":first:Secret")]
    public void A_secret_in_a_wrong_place_is_not_told(string place) =>
        Assert.That(Errors((Keys + place, Text)), Is.Not.Empty.And.All.Contains(Keys).And.All.Not.Contains("s3cr3t"));

    private static (string, string)[] Key(int index, string id, string algorithm, string? secret = null, string? file = null) =>
    [
        ($"{Keys}:{index}:Id", id), ($"{Keys}:{index}:Algorithm", algorithm), ($"{Keys}:{index}:Secret", secret ?? ""),
        ($"{Keys}:{index}:PublicKeyFile", file ?? ""),
    ];

    private IReadOnlyList<string> ErrorsOfFile(string algorithm, string content)
    {
        File.WriteAllText(_file, content);
        return Errors(Key(0, "k1", algorithm, file: _file));
    }

    private static void AssertErrors(IReadOnlyList<string> errors, params string[] expected)
    {
        Assert.That(errors, Has.Count.EqualTo(expected.Length), string.Join('\n', errors));
        Assert.That(
            errors.Zip(expected).Select(static pair => pair.First.StartsWith(pair.Second, StringComparison.Ordinal)),
            Is.All.True, string.Join('\n', errors));
        Assert.That(errors, Has.None.Contains("s3cr3t"));
    }

    private static IReadOnlyList<string> Errors(params (string Key, string Value)[] settings) =>
        ConfigurationCheck.Errors(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build());
}
