using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Rooms;

namespace MeshSignal.Server.Authentication;

/// <summary>What a token says whose signature is good: the registered claims of RFC 7519 section 4.1, and those of this server.</summary>
internal readonly struct TokenClaims(TokenJson json, AuthenticationOptions options)
{
    // In characters, as the names of other systems are; and in patterns.
    private const int MaxSubjectLength = 256;
    private const int MaxIdLength = 128;
    private const int MaxRooms = 64;

    private static readonly Dictionary<string, MediaTypes> MediaNames = new(StringComparer.Ordinal)
    {
        ["audio"] = MediaTypes.Audio, ["video"] = MediaTypes.Video, ["screen"] = MediaTypes.Screen,
    };

    /// <param name="identity">Null if it is refused.</param>
    public TokenRefusal Check(DateTimeOffset now, out Identity? identity)
    {
        identity = null;
        var refusal = CheckTimes(now, out var expiresAt);
        if (refusal == TokenRefusal.None)
            refusal = CheckParties();
        if (refusal == TokenRefusal.None)
            refusal = ReadIdentity(expiresAt, out identity);
        return refusal;
    }

    /// <param name="expiresAt">With the skew, so that all who ask later get the same answer.</param>
    private TokenRefusal CheckTimes(DateTimeOffset now, out DateTimeOffset expiresAt)
    {
        expiresAt = default;
        if (!json.TryGetTime("exp", out var end) || end is null)
            return TokenRefusal.Exp;
        if (!json.TryGetTime("nbf", out var start))
            return TokenRefusal.Nbf;
        if (!json.TryGetTime("iat", out var issued))
            return TokenRefusal.Iat;

        expiresAt = end.Value + JoinTokens.Skew;
        return now >= expiresAt ? TokenRefusal.Expired
            : start > now + JoinTokens.Skew || issued > now + JoinTokens.Skew ? TokenRefusal.NotYetGood
            : TokenRefusal.None;
    }

    private TokenRefusal CheckParties()
    {
        if (!json.TryGetText("iss", JoinTokens.MaxLength, out var issuer) || (options.Issuer.Length > 0 && issuer != options.Issuer))
            return TokenRefusal.Iss;

        // A token that is for somebody is for nobody else (section 4.1.3), also where this server has no name of its own.
        var isForUs = json.TryGetTextOrTexts("aud", out var audience)
            && (options.Audience.Length == 0 ? audience is null : audience?.Contains(options.Audience, StringComparer.Ordinal) == true);
        return isForUs ? TokenRefusal.None : TokenRefusal.Aud;
    }

    private TokenRefusal ReadIdentity(DateTimeOffset expiresAt, out Identity? identity)
    {
        identity = null;
        if (!json.TryGetText("sub", MaxSubjectLength, out var subject) || subject is null || !BanText.IsSubject(subject))
            return TokenRefusal.Sub;
        if (!json.TryGetText("jti", MaxIdLength, out var id))
            return TokenRefusal.Jti;
        if (!TryReadName(out var name))
            return TokenRefusal.Name;
        if (!json.TryGetTexts("rooms", out var rooms) || rooms?.Count > MaxRooms || rooms?.All(RoomPolicy.IsPattern) == false)
            return TokenRefusal.Rooms;
        if (!TryReadMedia(out var media))
            return TokenRefusal.Media;
        if (!json.TryGetFlag("relay", out var mustRelay))
            return TokenRefusal.Relay;
        if (!json.TryGetFlag("moderator", out var isModerator))
            return TokenRefusal.Moderator;

        identity = new Identity
        {
            Subject = subject,
            Name = name,
            Rooms = rooms,
            Media = media,
            MustRelay = mustRelay,
            IsModerator = isModerator,
            CredentialId = id,
            ExpiresAt = expiresAt,
        };
        return TokenRefusal.None;
    }

    /// <summary>Not one that would be cut: two people could then have one name.</summary>
    private bool TryReadName(out Username? name)
    {
        name = null;
        if (!json.TryGetText("name", Username.MaxLength, out var text) || text is null)
            return !json.Has("name");

        var isName = Username.TryParse(text, out var username);
        name = username;
        return isName;
    }

    private bool TryReadMedia(out MediaTypes media)
    {
        media = Identity.Anonymous.Media;
        if (!json.TryGetTexts("media", out var names))
            return false;
        if (names is null)
            return true;

        media = MediaTypes.None;
        foreach (var name in names)
            media |= MediaNames.GetValueOrDefault(name, MediaTypes.Unknown);
        return !media.HasFlag(MediaTypes.Unknown);
    }
}
