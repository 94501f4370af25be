namespace MeshSignal.Server.Authentication;

/// <summary>Why a token is not taken. Nothing of the token is in it, so that it may be logged.</summary>
internal enum TokenRefusal
{
    /// <summary>It is taken.</summary>
    None,

    /// <summary>Longer than <see cref="JoinTokens.MaxLength"/>.</summary>
    TooLong,

    /// <summary>Not three parts in strict base64url.</summary>
    Malformed,

    /// <summary>No JSON object, or with something in it that is not allowed there.</summary>
    Header,

    /// <summary>It names a key that is not known, or none where there are several.</summary>
    UnknownKey,

    /// <summary>Not the one that the key is for.</summary>
    Algorithm,

    /// <summary>The last for which nobody must have signed anything.</summary>
    Signature,

    /// <summary>No JSON object, or one that says something twice.</summary>
    Payload,

    /// <summary>The time that <c>exp</c> says is past.</summary>
    Expired,

    /// <summary>The time that <c>nbf</c> or <c>iat</c> says is to come.</summary>
    NotYetGood,

    // A claim that is missing, of a wrong type, out of its bounds, or not what it must be here.
    Exp,
    Nbf,
    Iat,
    Iss,
    Aud,
    Sub,
    Jti,
    Name,
    Rooms,
    Media,
    Relay,
    Moderator,
}
