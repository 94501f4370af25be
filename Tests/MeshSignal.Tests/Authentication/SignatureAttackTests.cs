using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MeshSignal.Server.Authentication;
using static MeshSignal.Tests.Authentication.Tokens;

namespace MeshSignal.Tests.Authentication;

/// <summary>Tokens of somebody who has no key and tries what has worked elsewhere.</summary>
internal sealed class SignatureAttackTests
{
    private static readonly byte[] Order = Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    [Test]
    public void What_the_keys_have_signed_is_taken()
    {
        var tokens = With(HsKey("h"), RsKey("r"), EsKey("e"));
        string[] good = [Hs(header: """{"alg":"HS256","kid":"h"}"""), Rs(header: """{"alg":"RS256","kid":"r"}"""), Es(header: """{"kid":"e","alg":"ES256"}""")];
        Assert.That(good.Select(token => tokens.Judge(token)), Is.All.EqualTo(TokenRefusal.None));
    }

    [TestCase("none")]
    [TestCase("None")]
    [TestCase("NONE")]
    [TestCase("nOnE")]
    [TestCase("n\\u006fne")]
    [TestCase("none ")]
    [TestCase("none\\u0000")]
    public void No_signature_at_all_is_refused_however_it_is_spelt(string algorithm)
    {
        var header = $$"""{"alg":"{{algorithm}}"}""";
        foreach (var key in new[] { HsKey(), RsKey(), EsKey() })
            foreach (var signature in new byte[][] { [], [0], HMACSHA256.HashData([], "x"u8) })
                Assert.That(With(key).Judge(Make(header, Encoding.UTF8.GetBytes(Claims), _ => signature)), Is.EqualTo(TokenRefusal.Algorithm));
    }

    [TestCase("HS384")]
    [TestCase("hs256")]
    [TestCase("HS256 ")]
    [TestCase("RS256")]
    [TestCase("ES256")]
    [TestCase("PS256")]
    [TestCase("EdDSA")]
    [TestCase("A128KW")]
    public void Only_the_algorithm_of_the_key_counts(string algorithm) =>
        Assert.That(With(HsKey()).Judge(Hs(header: $$"""{"alg":"{{algorithm}}"}""")), Is.EqualTo(TokenRefusal.Algorithm));

    /// <summary>The public key is no secret; who takes it for one has told everybody how to sign.</summary>
    [Test]
    public void A_public_key_is_no_secret()
    {
        var (rsa, ecdsa) = (Rsa.ExportSubjectPublicKeyInfoPem(), Ecdsa.ExportSubjectPublicKeyInfoPem());
        byte[][] known =
            [.. new[] { rsa, $"{rsa}\n", ecdsa, "" }.Select(Encoding.ASCII.GetBytes), Rsa.ExportSubjectPublicKeyInfo(), Ecdsa.ExportSubjectPublicKeyInfo()];
        foreach (var secret in known)
        {
            Assert.That(With(RsKey()).Judge(Hs(secret: secret)), Is.EqualTo(TokenRefusal.Algorithm));
            Assert.That(With(EsKey()).Judge(Hs(secret: secret)), Is.EqualTo(TokenRefusal.Algorithm));
            Assert.That(With(RsKey()).Judge(Hs(header: """{"alg":"RS256"}""", secret: secret)), Is.EqualTo(TokenRefusal.Signature));
            Assert.That(With(EsKey()).Judge(Hs(header: """{"alg":"ES256"}""", secret: secret)), Is.EqualTo(TokenRefusal.Signature));
            Assert.That(With(HsKey("h"), RsKey("r")).Judge(Hs(header: """{"alg":"HS256","kid":"r"}""", secret: secret)), Is.EqualTo(TokenRefusal.Algorithm));
            Assert.That(With(HsKey("h"), RsKey("r")).Judge(Hs(header: """{"alg":"HS256","kid":"h"}""", secret: secret)), Is.EqualTo(TokenRefusal.Signature));
        }
    }

    [Test]
    public void A_signature_must_be_whole()
    {
        foreach (var (key, token) in new[] { (HsKey(), Hs()), (RsKey(), Rs()), (EsKey(), Es()) })
        {
            var (signed, signature) = Split(token);
            byte[][] others =
            [
                [], signature[..1], signature[..^1], signature[1..], signature[..(signature.Length / 2)],
                [.. signature, 0], [0, .. signature], [.. signature, .. signature], new byte[signature.Length],
            ];
            foreach (var other in others)
                Assert.That(With(key).Judge(Join(signed, other)), Is.EqualTo(TokenRefusal.Signature));
            Assert.That(With(key).Judge(Join(signed, signature)), Is.EqualTo(TokenRefusal.None));
        }
    }

    [Test]
    public void A_signature_is_over_header_and_claims()
    {
        var first = Hs("""{"sub":"u1","exp":1800000000}""").Split('.');
        var second = Hs("""{"sub":"u2","exp":1800000000}""", """{"alg":"HS256","typ":"JWT"}""").Split('.');
        Assert.That(With(HsKey()).Judge($"{first[0]}.{second[1]}.{first[2]}"), Is.EqualTo(TokenRefusal.Signature));
        Assert.That(With(HsKey()).Judge($"{second[0]}.{first[1]}.{first[2]}"), Is.EqualTo(TokenRefusal.Signature));
        Assert.That(With(HsKey()).Judge(string.Join('.', first)), Is.EqualTo(TokenRefusal.None));
    }

    /// <summary>CVE-2022-21449, and what else is no pair of numbers between 0 and the order of the curve.</summary>
    [Test]
    public void Numbers_that_no_signature_has_are_refused()
    {
        var (signed, signature) = Split(Es());
        var (r, s, zero, one, most) = (signature[..32], signature[32..], new byte[32], new byte[32], Enumerable.Repeat((byte)0xFF, 32).ToArray());
        one[31] = 1;
        byte[][] numbers = [zero, one, r, s, Order, most];
        foreach (var first in numbers)
            foreach (var second in numbers.Where(second => first != r || second != s))
                Assert.That(With(EsKey()).Judge(Join(signed, [.. first, .. second])), Is.EqualTo(TokenRefusal.Signature));
    }

    /// <summary>As OpenSSL gives it, and RFC 7518 section 3.4 does not.</summary>
    [Test]
    public void A_signature_in_DER_is_refused()
    {
        var token = Make(
            """{"alg":"ES256"}""",
            Encoding.UTF8.GetBytes(Claims),
            static signed => Ecdsa.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        Assert.That(With(EsKey()).Judge(token), Is.EqualTo(TokenRefusal.Signature));
    }

    [Test]
    public void Another_padding_or_another_hash_is_refused()
    {
        var claims = Encoding.UTF8.GetBytes(Claims);
        const string Header = """{"alg":"RS256"}""";
        Assert.That(
            With(RsKey()).Judge(Make(Header, claims, signed => Rsa.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pss))),
            Is.EqualTo(TokenRefusal.Signature));
        Assert.That(
            With(RsKey()).Judge(Make(Header, claims, signed => Rsa.SignData(signed, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1))),
            Is.EqualTo(TokenRefusal.Signature));
        Assert.That(With(HsKey()).Judge(Make(Tokens.Header, claims, signed => HMACSHA512.HashData(Secret, signed)[..32])), Is.EqualTo(TokenRefusal.Signature));
    }

    private static (string Signed, byte[] Signature) Split(string token)
    {
        var end = token.LastIndexOf('.');
        return (token[..end], Base64Url.DecodeFromChars(token.AsSpan(end + 1)));
    }

    private static string Join(string signed, byte[] signature) => $"{signed}.{Base64Url.EncodeToString(signature)}";
}
