using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Authentication;

/// <summary>
/// A key that tokens are signed with, and the one algorithm that it is for: if tokens could choose, a public key could be used as a secret
/// (RFC 8725 section 3.1).
/// </summary>
/// <param name="id">Empty if it has none.</param>
/// <param name="material">The secret, or a public key as SubjectPublicKeyInfo (RFC 5280 section 4.1).</param>
internal sealed class TokenKey(string id, string algorithm, byte[] material)
{
    public const string Hs256 = "HS256";
    public const string Rs256 = "RS256";
    public const string Es256 = "ES256";

    /// <summary>In bytes: that of the hash (RFC 7518 section 3.2).</summary>
    public const int MinSecretLength = 32;

    // RFC 7518 section 3.3, in bits; and section 3.4, in bytes: R and S one after the other.
    private const int MinRsaLength = 2048;
    private const int Es256SignatureLength = 64;
    private const string P256 = "1.2.840.10045.3.1.7";

    public string Id => id;

    public string Algorithm => algorithm;

    /// <summary>Null with a sentence that says what is wrong.</summary>
    public static TokenKey? Read(TokenKeyOptions options, out string? problem)
    {
        byte[] material = [];
        problem = options.Algorithm switch
        {
            not (Hs256 or Rs256 or Es256) => $"has the algorithm '{options.Algorithm}', and only {Hs256}, {Rs256} and {Es256} are known.",
            _ when options.Secret.Length > 0 && options.PublicKeyFile.Length > 0 => "has a Secret and a PublicKeyFile; one of them would be ignored.",
            Hs256 => ReadSecret(options.Secret, out material),
            _ => ReadPublicKey(options, out material),
        };
        return problem is null ? new TokenKey(options.Id, options.Algorithm, material) : null;
    }

    /// <summary>Whether the signature was made with it. What tokens bring never throws.</summary>
    public bool Verify(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature) => algorithm switch
    {
        Hs256 => CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(material, signed), signature),
        Rs256 => VerifyRs256(signed, signature),
        Es256 => VerifyEs256(signed, signature),
        _ => false,
    };

    /// <summary>Null if it can only verify.</summary>
    public byte[]? Sign(ReadOnlySpan<byte> text) => algorithm == Hs256 ? HMACSHA256.HashData(material, text) : null;

    /// <summary>Not the secret.</summary>
    public override string ToString() => nameof(TokenKey);

    // The framework does not promise that several threads may use one key object; one of its own for each call costs less than the signature does.
    private bool VerifyRs256(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(material, out _);
        return rsa.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private bool VerifyEs256(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(material, out _);
        return signature.Length == Es256SignatureLength
            && ecdsa.VerifyData(signed, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private static string? ReadSecret(string secret, out byte[] material)
    {
        material = Encoding.UTF8.GetBytes(secret);
        if (secret.Length == 0)
            return $"is for {Hs256}, which needs a Secret.";

        return material.Length >= MinSecretLength ? null
            : $"has a Secret that is too short: it must have {MinSecretLength} bytes or more, because everybody with a token can try to guess it.";
    }

    private static string? ReadPublicKey(TokenKeyOptions options, out byte[] material)
    {
        material = [];
        if (options.PublicKeyFile.Length == 0)
            return $"is for {options.Algorithm}, which needs a PublicKeyFile.";

        try
        {
            if (!TryFindPublicKey(File.ReadAllText(options.PublicKeyFile), out material))
                return $"must have one public key in its PublicKeyFile {options.PublicKeyFile} and nothing else, in PEM (-----BEGIN PUBLIC KEY-----).";

            return options.Algorithm == Rs256 ? ProblemWithRsa(material, options.PublicKeyFile) : ProblemWithEc(material, options.PublicKeyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return $"has a PublicKeyFile that cannot be read: {e.Message}";
        }
        catch (CryptographicException)
        {
            return $"is for {options.Algorithm}, and its PublicKeyFile {options.PublicKeyFile} holds no key for that.";
        }
    }

    /// <summary>A private key has no business on this server, so a file with one is not taken, even if the public one stands beside it.</summary>
    private static bool TryFindPublicKey(string text, [NotNullWhen(true)] out byte[] material)
    {
        material = [];
        if (!PemEncoding.TryFind(text, out var pem)
            || !text.AsSpan()[pem.Label].SequenceEqual("PUBLIC KEY")
            || PemEncoding.TryFind(text.AsSpan()[pem.Location.End..], out _))
            return false;

        material = Convert.FromBase64String(text[pem.Base64Data]);
        return true;
    }

    private static string? ProblemWithRsa(byte[] material, string path)
    {
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(material, out _);
        return rsa.KeySize >= MinRsaLength ? null
            : $"has an RSA key of {rsa.KeySize} bits in its PublicKeyFile {path}, and {MinRsaLength} are the least.";
    }

    private static string? ProblemWithEc(byte[] material, string path)
    {
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportSubjectPublicKeyInfo(material, out _);
        return ecdsa.ExportParameters(includePrivateParameters: false).Curve is { IsNamed: true, Oid.Value: P256 } ? null
            : $"is for {Es256}, and the key in its PublicKeyFile {path} is not on the curve P-256 (prime256v1).";
    }
}
