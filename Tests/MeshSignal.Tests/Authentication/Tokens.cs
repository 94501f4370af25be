using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Hosting;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Authentication;

/// <summary>Tokens as the system of an operator makes them, and as others would like to.</summary>
internal static class Tokens
{
    public const string Header = """{"alg":"HS256"}""";

    /// <summary>Good at <see cref="Now"/>, with nothing in it that need not be.</summary>
    public const string Claims = """{"sub":"u1","exp":1800000000}""";

    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_799_999_000);

    public static readonly byte[] Secret = "a secret of 32 bytes, or of more"u8.ToArray();

    // Made once: that takes longer than all that is done with them.
    private static readonly Lazy<RSA> LazyRsa = new(static () => RSA.Create(2048));
    private static readonly Lazy<ECDsa> LazyEcdsa = new(static () => ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public static RSA Rsa => LazyRsa.Value;

    public static ECDsa Ecdsa => LazyEcdsa.Value;

    public static TokenKey HsKey(string id = "", string? secret = null) => new(id, TokenKey.Hs256, secret is null ? Secret : Encoding.UTF8.GetBytes(secret));

    public static TokenKey RsKey(string id = "") => new(id, TokenKey.Rs256, Rsa.ExportSubjectPublicKeyInfo());

    public static TokenKey EsKey(string id = "") => new(id, TokenKey.Es256, Ecdsa.ExportSubjectPublicKeyInfo());

    public static JoinTokens With(params TokenKey[] keys) => new(new TokenKeys(keys), new AuthenticationOptions());

    public static string Hs(string claims = Claims, string header = Header, byte[]? secret = null) =>
        Make(header, Encoding.UTF8.GetBytes(claims), signed => HMACSHA256.HashData(secret ?? Secret, signed));

    public static string Rs(string claims = Claims, string header = """{"alg":"RS256"}""") =>
        Make(header, Encoding.UTF8.GetBytes(claims), static signed => Rsa.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static string Es(string claims = Claims, string header = """{"alg":"ES256"}""") =>
        Make(header, Encoding.UTF8.GetBytes(claims), static signed => Ecdsa.SignData(signed, HashAlgorithmName.SHA256));

    public static string Make(string header, byte[] claims, Func<byte[], byte[]> sign)
    {
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(claims)}";
        var token = $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
        Secrets.Add(token);
        return token;
    }

    /// <summary>None if the token is taken.</summary>
    public static TokenRefusal Judge(this JoinTokens tokens, string token, DateTimeOffset? now = null)
    {
        var isGood = tokens.TryVerify(token, now ?? Now, out var identity, out var refusal);
        Assert.That((isGood, refusal == TokenRefusal.None), Is.EqualTo((identity is not null, identity is not null)));
        return refusal;
    }

    /// <summary>What becomes of these claims if the key has signed them.</summary>
    public static TokenRefusal JudgeClaims(string claims, DateTimeOffset? now = null) => With(HsKey()).Judge(Hs(claims), now);

    public static Identity Identify(string claims) =>
        With(HsKey()).TryVerify(Hs(claims), Now, out var identity, out var refusal) ? identity : throw new AssertionException($"{refusal}: {claims}");
}
