namespace MeshSignal.Server.Authentication;

/// <summary>What a token says about how it is signed (RFC 7515 section 4.1). It comes from whoever shows it, and decides nothing.</summary>
/// <param name="Algorithm">To be held against the key's.</param>
/// <param name="KeyId">Null if it names none.</param>
internal readonly record struct TokenHeader(string Algorithm, string? KeyId)
{
    // A token must not bring its own key or say where one is; nor ask for something to be understood that is not (RFC 7515 section 4.1.11, RFC 7797).
    private static readonly string[] Refused = ["jwk", "jku", "x5c", "x5u", "crit", "b64"];

    public static bool TryRead(ReadOnlySpan<byte> utf8, out TokenHeader header)
    {
        header = default;
        if (!TokenJson.TryParse(utf8, out var json) || Refused.Any(json.Has) || !IsForJoining(json)
            || !json.TryGetText("alg", JoinTokens.MaxLength, out var algorithm) || !json.TryGetText("kid", JoinTokens.MaxLength, out var keyId))
            return false;

        header = new TokenHeader(algorithm ?? "", keyId);
        return algorithm is not null;
    }

    /// <summary>A token that says it is of another kind, such as <c>logout+jwt</c>, was made for something else (RFC 8725 section 3.11).</summary>
    private static bool IsForJoining(TokenJson json) =>
        json.TryGetText("typ", JoinTokens.MaxLength, out var type)
        && (type is null || type.Equals("JWT", StringComparison.OrdinalIgnoreCase) || type.Equals("at+jwt", StringComparison.OrdinalIgnoreCase));
}
