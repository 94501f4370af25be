using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MeshSignal.Server.Authentication;
using static MeshSignal.Tests.Authentication.Tokens;

namespace MeshSignal.Tests.Authentication;

/// <summary>
/// The examples of RFC 7515 appendix A and of RFC 7519. All have the claims <c>iss</c> and <c>exp</c>, and are over since 22 March 2011, 18:43 UTC; that
/// they have no <c>sub</c> is seen only once signature and times were found to be good.
/// </summary>
internal sealed class PublishedTokenTests
{
    private const string Payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    // RFC 7515 A.1.1, which is RFC 7519 section 3.1 as well; A.2.1; A.3.1.
    private const string Hs256 = $"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{Payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    private const string Rs256 = $"eyJhbGciOiJSUzI1NiJ9.{Payload}."
        + "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"
        + "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqt"
        + "FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    private const string Es256 = $"eyJhbGciOiJFUzI1NiJ9.{Payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    private static readonly DateTimeOffset InTime = DateTimeOffset.FromUnixTimeSeconds(1_300_819_379);

    private static readonly Dictionary<string, string> Published = new(StringComparer.Ordinal)
    {
        [TokenKey.Hs256] = Hs256, [TokenKey.Rs256] = Rs256, [TokenKey.Es256] = Es256,
    };

    private static readonly Dictionary<string, TokenKey> Keys = new(StringComparer.Ordinal)
    {
        [TokenKey.Hs256] = new(
            "", TokenKey.Hs256, Base64Url.DecodeFromChars("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")),
        [TokenKey.Rs256] = new("", TokenKey.Rs256, RsaKey()),
        [TokenKey.Es256] = new("", TokenKey.Es256, EcKey()),
    };

    private static string[] Algorithms => [TokenKey.Hs256, TokenKey.Rs256, TokenKey.Es256];

    [TestCaseSource(nameof(Algorithms))]
    public void Its_signature_is_that_of_the_published_key(string algorithm)
    {
        var (signed, signature) = Split(Published[algorithm]);
        Assert.That(Keys[algorithm].Verify(signed, signature), Is.True);
        signed[^1]++;
        Assert.That(Keys[algorithm].Verify(signed, signature), Is.False);
    }

    [TestCaseSource(nameof(Algorithms))]
    public void Whose_it_is_is_asked_after_all_else(string algorithm) =>
        Assert.That(With(Keys[algorithm]).Judge(Published[algorithm], InTime), Is.EqualTo(TokenRefusal.Sub));

    [TestCaseSource(nameof(Algorithms))]
    public void It_is_over_by_now(string algorithm) => Assert.That(With(Keys[algorithm]).Judge(Published[algorithm], Now), Is.EqualTo(TokenRefusal.Expired));

    [TestCaseSource(nameof(Algorithms))]
    public void The_keys_of_the_others_are_none_for_it(string algorithm)
    {
        foreach (var other in Algorithms.Where(other => other != algorithm))
            Assert.That(With(Keys[other]).Judge(Published[algorithm], InTime), Is.EqualTo(TokenRefusal.Algorithm));
    }

    /// <summary>RFC 7519 section 6.1.</summary>
    [TestCaseSource(nameof(Algorithms))]
    public void The_one_without_a_signature_is_refused(string algorithm) =>
        Assert.That(With(Keys[algorithm]).Judge($"eyJhbGciOiJub25lIn0.{Payload}.", InTime), Is.EqualTo(TokenRefusal.Algorithm));

    private static (byte[] Signed, byte[] Signature) Split(string token)
    {
        var end = token.LastIndexOf('.');
        return (Encoding.ASCII.GetBytes(token[..end]), Base64Url.DecodeFromChars(token.AsSpan(end + 1)));
    }

    private static byte[] RsaKey()
    {
        const string Modulus =
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_"
            + "YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD"
            + "Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
        using var rsa = RSA.Create(new RSAParameters { Modulus = Base64Url.DecodeFromChars(Modulus), Exponent = [1, 0, 1] });
        return rsa.ExportSubjectPublicKeyInfo();
    }

    private static byte[] EcKey()
    {
        var point = new ECPoint
        {
            X = Base64Url.DecodeFromChars("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
            Y = Base64Url.DecodeFromChars("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
        };
        using var ecdsa = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = point });
        return ecdsa.ExportSubjectPublicKeyInfo();
    }
}
