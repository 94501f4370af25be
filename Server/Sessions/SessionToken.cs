using System.Security.Cryptography;
using System.Text;

namespace MeshSignal.Server.Sessions;

/// <summary>What proves that a message is the session's: 32 random bytes, sent as 64 lower-case hex digits. Never logged, never at rest.</summary>
internal sealed class SessionToken
{
    private readonly byte[] _hex;

    private SessionToken(string hex)
    {
        _hex = Encoding.ASCII.GetBytes(hex);
        Hash = HashOf(_hex);
    }

    /// <summary>What an index may hold: whoever reads it cannot act for the session.</summary>
    public TokenHash Hash { get; }

    public static SessionToken New() => new(RandomNumberGenerator.GetHexString(64, lowercase: true));

    public static TokenHash HashOf(string token) => HashOf(Encoding.ASCII.GetBytes(token));

    /// <summary>Compares in a time that does not depend on where the difference is.</summary>
    public bool Matches(ReadOnlySpan<byte> token) => CryptographicOperations.FixedTimeEquals(token, _hex);

    /// <summary>For the one message that tells the client its token.</summary>
    public string Reveal() => Encoding.ASCII.GetString(_hex);

    public override string ToString() => nameof(SessionToken);

    private static TokenHash HashOf(byte[] hex) => new(Convert.ToHexStringLower(SHA256.HashData(hex)));
}

/// <summary>SHA-256 of a token, as hex.</summary>
internal readonly record struct TokenHash(string Value);
