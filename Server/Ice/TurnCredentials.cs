using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Ice;

/// <summary>A user name and password that a TURN server with the same secret accepts for a while (draft-uberti-behave-turn-rest-00, as coturn has it).</summary>
/// <param name="Username">When it ends, in Unix seconds, a colon, and who it is for: an id that says nothing to whoever sees it pass, for over UDP it is not encrypted.</param>
/// <param name="Credential">Base64 of HMAC-SHA1 over the user name.</param>
internal sealed record TurnCredentials(string Username, string Credential)
{
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "TURN servers know no other, and as a MAC it is not broken.")]
    public static TurnCredentials Issue(ReadOnlySpan<byte> secret, SessionId user, DateTimeOffset expiry)
    {
        var username = string.Create(CultureInfo.InvariantCulture, $"{expiry.ToUnixTimeSeconds()}:{user}");
        return new TurnCredentials(username, Convert.ToBase64String(HMACSHA1.HashData(secret, Encoding.UTF8.GetBytes(username))));
    }

    /// <summary>Not the credential.</summary>
    public override string ToString() => nameof(TurnCredentials);
}
