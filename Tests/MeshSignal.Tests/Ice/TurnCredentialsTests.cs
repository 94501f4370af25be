using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Tests.Ice;

/// <summary>The pair of name and password that a TURN server with the same secret accepts.</summary>
internal sealed class TurnCredentialsTests
{
    // Made with: printf %s 1767226200:0badcafe | openssl dgst -sha1 -hmac north-star-of-the-turn-server -binary | base64
    private const string Username = "1767226200:0badcafe";
    private const string Credential = "kKXyIVnXwuGvGlpS2gSwVSJb8bw=";

    [Test]
    public void Another_program_computes_the_same()
    {
        var expiry = new DateTimeOffset(2026, 1, 1, 0, 10, 0, TimeSpan.Zero);
        var credentials = TurnCredentials.Issue("north-star-of-the-turn-server"u8, new SessionId("0badcafe"), expiry);
        Assert.That((credentials.Username, credentials.Credential), Is.EqualTo((Username, Credential)));
    }

    [Test]
    public void The_expiry_is_in_whole_seconds_of_unix_time_whatever_the_zone()
    {
        var expiry = new DateTimeOffset(2026, 1, 1, 2, 10, 0, 999, TimeSpan.FromHours(2));
        Assert.That(TurnCredentials.Issue("x"u8, new SessionId("0badcafe"), expiry).Username, Is.EqualTo(Username));
    }

    [Test]
    public void They_depend_on_secret_session_and_expiry()
    {
        var (user, expiry) = (new SessionId("0badcafe"), DateTimeOffset.UnixEpoch);
        var issued = new[]
        {
            TurnCredentials.Issue("a"u8, user, expiry), TurnCredentials.Issue("b"u8, user, expiry),
            TurnCredentials.Issue("a"u8, new SessionId("0badcaff"), expiry), TurnCredentials.Issue("a"u8, user, expiry.AddSeconds(1)),
        };
        Assert.That(issued.Select(credentials => credentials.Credential), Is.Unique);
    }

    /// <summary>coturn refuses spaces and quotes in a user name; and whoever sees it pass must not learn who it is.</summary>
    [Test]
    public void A_user_is_sixteen_hex_digits_which_do_not_meet_by_chance() => Assert.That(SessionId.New().ToString(), Does.Match("^[0-9a-f]{16}$"));
}

/// <summary>Verifies credentials as a TURN server does, with nothing but the secret.</summary>
internal static class TurnServer
{
    /// <summary>Fails unless the server's user name and credential are right. Gives when they end, and whose they are.</summary>
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "TURN servers know no other.")]
    public static (DateTimeOffset Expiry, string User) Verify(IceServer server, string secret)
    {
        using var hmac = new HMACSHA1(Encoding.ASCII.GetBytes(secret));
        Assert.That(server.Credential, Is.EqualTo(Convert.ToBase64String(hmac.ComputeHash(Encoding.ASCII.GetBytes(server.Username!)))));
        var parts = server.Username!.Split(':');
        Assert.That(parts, Has.Length.EqualTo(2));
        Assert.That(parts[1], Does.Match("^[0-9a-f]{16}$"));
        return (DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture)), parts[1]);
    }
}
