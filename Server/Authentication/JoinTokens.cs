using System.Diagnostics.CodeAnalysis;
using System.Text;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Authentication;

/// <summary>
/// Tokens that say who somebody is: JWTs (RFC 7519) in the compact form, signed by the operator's own system. Strict where the standards leave a choice
/// (RFC 8725), because nobody but that system has to be understood.
/// </summary>
internal sealed class JoinTokens(TokenKeys keys, AuthenticationOptions options)
{
    /// <summary>In bytes, of the token as it comes. It is a header, a cookie or a message, and all of these are small.</summary>
    public const int MaxLength = 4096;

    /// <summary>How far the clock of the system that signs may be off, either way.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <inheritdoc cref="TryVerify(ReadOnlySpan{byte}, DateTimeOffset, out Identity?, out TokenRefusal)"/>
    public bool TryVerify(string token, DateTimeOffset now, [NotNullWhen(true)] out Identity? identity, out TokenRefusal refusal)
    {
        // Before it is copied. No character takes less than a byte.
        if (token.Length <= MaxLength)
            return TryVerify(Encoding.UTF8.GetBytes(token), now, out identity, out refusal);

        (identity, refusal) = (null, TokenRefusal.TooLong);
        return false;
    }

    /// <summary>Whoever the token speaks of. It does not say whether it was used before: see <see cref="UsedCredentials"/>.</summary>
    public bool TryVerify(ReadOnlySpan<byte> token, DateTimeOffset now, [NotNullWhen(true)] out Identity? identity, out TokenRefusal refusal)
    {
        identity = null;
        refusal = CheckSignature(token, out var payload);
        if (refusal == TokenRefusal.None)
            refusal = TokenJson.TryParse(payload, out var json) ? new TokenClaims(json, options).Check(now, out identity) : TokenRefusal.Payload;
        return identity is not null;
    }

    /// <summary>Nothing of the payload is looked at before it is known who has written it.</summary>
    private TokenRefusal CheckSignature(ReadOnlySpan<byte> text, out byte[] payload)
    {
        payload = [];
        if (text.Length > MaxLength)
            return TokenRefusal.TooLong;
        if (!CompactToken.TryRead(text, out var token))
            return TokenRefusal.Malformed;
        if (!TokenHeader.TryRead(token.Header, out var header))
            return TokenRefusal.Header;
        if (keys.Find(header.KeyId) is not { } key)
            return TokenRefusal.UnknownKey;
        if (header.Algorithm != key.Algorithm)
            return TokenRefusal.Algorithm;
        if (!key.Verify(token.Signed, token.Signature))
            return TokenRefusal.Signature;

        payload = token.Payload;
        return TokenRefusal.None;
    }
}
