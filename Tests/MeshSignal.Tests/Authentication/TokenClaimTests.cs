using System.Globalization;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Hosting;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Authentication.Tokens;

namespace MeshSignal.Tests.Authentication;

/// <summary>What the claims of a signed token allow, and which of them are refused.</summary>
internal sealed class TokenClaimTests
{
    private const MediaTypes AllMedia = MediaTypes.Audio | MediaTypes.Video | MediaTypes.Screen;

    [Test]
    public void What_is_not_said_is_allowed()
    {
        var identity = Identify(Claims);
        Assert.That(identity, Is.EqualTo(new Identity { Subject = "u1", ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000) + JoinTokens.Skew }));
        Assert.That((identity.Media, identity.MayEnter(Valid.Room("any"))), Is.EqualTo((AllMedia, true)));
    }

    [Test]
    public void What_is_said_holds()
    {
        var identity = Identify("""
            {"sub":"ünï 1","exp":1800000000,"nbf":1799998000,"iat":1799998000,"jti":"j1","name":"admin","rooms":["team-*","demo"],"media":["video","audio"],
             "relay":true,"moderator":true,"iss":"somebody","email":"nobody@example.org","nested":{"a":[1,null]}}
            """);
        Assert.That(identity.Rooms, Is.EqualTo(["team-*", "demo"]));
        Assert.That(identity with { Rooms = null }, Is.EqualTo(new Identity
        {
            Subject = "ünï 1",
            Name = Valid.Name("admin"),
            Media = MediaTypes.Audio | MediaTypes.Video,
            MustRelay = true,
            IsModerator = true,
            CredentialId = "j1",
            ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_030),
        }));
        Assert.That(new[] { "team-blue", "demo", "other" }.Select(room => identity.MayEnter(Valid.Room(room))), Is.EqualTo([true, true, false]));
        Assert.That(identity.ToString(), Is.EqualTo(nameof(Identity)));
    }

    [TestCase("exp")]
    [TestCase("sub")]
    public void What_must_be_said_is_missed(string name)
    {
        var claims = name == "exp" ? """{"sub":"u1"}""" : """{"exp":1800000000}""";
        Assert.That(JudgeClaims(claims), Is.EqualTo(Refusal(name)));
    }

    [Test]
    public void A_claim_of_a_wrong_type_is_refused(
        [Values("exp", "nbf", "iat", "iss", "aud", "sub", "jti", "name", "rooms", "media", "relay", "moderator")] string name)
    {
        string[] right = name switch
        {
            "exp" or "nbf" or "iat" => ["0"],
            "rooms" or "media" => ["[]"],
            "relay" or "moderator" => ["true"],
            "aud" => ["\"text\"", "[]"], // Refused as well, for another reason: these have their own test.
            _ => ["\"text\""],
        };
        string[] all = ["null", "0", "\"text\"", "true", "[]", "{}", "[1]", "[null]", "[[]]", "[\"text\",1]"];
        foreach (var value in all.Except(right, StringComparer.Ordinal))
            Assert.That(JudgeClaims(With(name, value)), Is.EqualTo(Refusal(name)), value);
    }

    [TestCase("exp", "\"1800000000\"")]
    [TestCase("exp", "-1")]
    [TestCase("exp", "-0.5")]
    [TestCase("exp", "1e400")]
    [TestCase("exp", "1e28")]
    [TestCase("exp", "1e12")]
    [TestCase("exp", "100000000001")]
    [TestCase("exp", "99999999999999999999999999999999999999999")]
    [TestCase("nbf", "-1")]
    [TestCase("nbf", "1e400")]
    [TestCase("iat", "-1e400")]
    [TestCase("iat", "1e12")]
    public void A_time_that_is_none_is_refused(string name, string value) => Assert.That(JudgeClaims(With(name, value)), Is.EqualTo(Refusal(name)));

    [TestCase("1800000000")]
    [TestCase("1800000000.0")]
    [TestCase("1.8e9")]
    [TestCase("1.8E+9")]
    [TestCase("18000000000e-1")]
    public void A_time_is_the_same_however_it_is_written(string value) =>
        Assert.That(Identify(With("exp", value)).ExpiresAt, Is.EqualTo(DateTimeOffset.FromUnixTimeSeconds(1_800_000_030)));

    [Test]
    public void The_latest_time_is_a_time() => Assert.That(JudgeClaims(With("exp", "100000000000")), Is.EqualTo(TokenRefusal.None));

    [TestCase("1800000000", 29_999, TokenRefusal.None)]
    [TestCase("1800000000", 30_000, TokenRefusal.Expired)]
    [TestCase("1800000000.5", 30_499, TokenRefusal.None)]
    [TestCase("1800000000.5", 30_500, TokenRefusal.Expired)]
    [TestCase("0", 0, TokenRefusal.Expired)]
    public void It_is_good_until_half_a_minute_after_its_end(string exp, int milliseconds, TokenRefusal expected) =>
        Assert.That(JudgeClaims(With("exp", exp), DateTimeOffset.FromUnixTimeSeconds(1_800_000_000).AddMilliseconds(milliseconds)), Is.EqualTo(expected));

    [TestCase("nbf", "1799990000", -30_000, TokenRefusal.None)]
    [TestCase("nbf", "1799990000", -30_001, TokenRefusal.NotYetGood)]
    [TestCase("nbf", "1799990000.25", -29_750, TokenRefusal.None)]
    [TestCase("nbf", "1799990000.25", -29_751, TokenRefusal.NotYetGood)]
    [TestCase("iat", "1799990000", -30_000, TokenRefusal.None)]
    [TestCase("iat", "1799990000", -30_001, TokenRefusal.NotYetGood)]
    public void It_is_good_from_half_a_minute_before_its_start(string name, string value, int milliseconds, TokenRefusal expected) =>
        Assert.That(JudgeClaims(With(name, value), DateTimeOffset.FromUnixTimeSeconds(1_799_990_000).AddMilliseconds(milliseconds)), Is.EqualTo(expected));

    [TestCase("", null, TokenRefusal.None)]
    [TestCase("", "\"anybody\"", TokenRefusal.None)]
    [TestCase("me", "\"me\"", TokenRefusal.None)]
    [TestCase("me", "\"m\\u0065\"", TokenRefusal.None)]
    [TestCase("me", null, TokenRefusal.Iss)]
    [TestCase("me", "\"Me\"", TokenRefusal.Iss)]
    [TestCase("me", "\"me/\"", TokenRefusal.Iss)]
    [TestCase("me", "[\"me\"]", TokenRefusal.Iss)]
    public void The_issuer_is_the_one_that_is_set(string issuer, string? claim, TokenRefusal expected) =>
        Assert.That(JudgeFor(new AuthenticationOptions { Issuer = issuer }, "iss", claim), Is.EqualTo(expected));

    [TestCase("", null, TokenRefusal.None)]
    [TestCase("", "\"somebody\"", TokenRefusal.Aud)] // RFC 7519 section 4.1.3
    [TestCase("", "\"\"", TokenRefusal.Aud)]
    [TestCase("", "[]", TokenRefusal.Aud)]
    [TestCase("me", "\"me\"", TokenRefusal.None)]
    [TestCase("me", "[\"me\"]", TokenRefusal.None)]
    [TestCase("me", "[\"somebody\",\"me\"]", TokenRefusal.None)]
    [TestCase("me", null, TokenRefusal.Aud)]
    [TestCase("me", "[]", TokenRefusal.Aud)]
    [TestCase("me", "\"Me\"", TokenRefusal.Aud)]
    [TestCase("me", "\"me you\"", TokenRefusal.Aud)]
    [TestCase("me", "[\"somebody\"]", TokenRefusal.Aud)]
    [TestCase("me", "[\"me\",1]", TokenRefusal.Aud)]
    [TestCase("me", "[[\"me\"]]", TokenRefusal.Aud)]
    [TestCase("me", "{\"me\":1}", TokenRefusal.Aud)]
    [TestCase("me", "null", TokenRefusal.Aud)]
    public void A_token_is_for_this_server_or_for_nobody_in_particular(string audience, string? claim, TokenRefusal expected) =>
        Assert.That(JudgeFor(new AuthenticationOptions { Audience = audience }, "aud", claim), Is.EqualTo(expected));

    [TestCase("sub", 256)]
    [TestCase("jti", 128)]
    [TestCase("name", 20)]
    public void A_text_has_a_length(string name, int most)
    {
        Assert.That(JudgeClaims(With(name, "\"\"")), Is.EqualTo(Refusal(name)));
        Assert.That(JudgeClaims(With(name, $"\"{new string('x', most)}\"")), Is.EqualTo(TokenRefusal.None));
        Assert.That(JudgeClaims(With(name, $"\"{new string('x', most + 1)}\"")), Is.EqualTo(Refusal(name)));
    }

    [TestCase("sub")]
    [TestCase("jti")]
    [TestCase("name")]
    [TestCase("iss")]
    [TestCase("aud")]
    public void Half_of_a_surrogate_pair_is_no_text(string name) => Assert.That(JudgeClaims(With(name, "\"abc\\udc00\"")), Is.EqualTo(Refusal(name)));

    [TestCase("al")]
    [TestCase("alice smith")]
    [TestCase("älice")]
    [TestCase("alice\\n")]
    public void A_name_that_no_user_may_have_is_refused(string name) => Assert.That(JudgeClaims(With("name", $"\"{name}\"")), Is.EqualTo(TokenRefusal.Name));

    [Test]
    public void No_rooms_and_no_media_are_none_at_all()
    {
        var identity = Identify("""{"sub":"u1","exp":1800000000,"rooms":[],"media":[]}""");
        Assert.That((identity.Media, identity.MayEnter(RoomName.Lobby)), Is.EqualTo((MediaTypes.None, false)));
    }

    [TestCase("[\"\"]")]
    [TestCase("[\"a b\"]")]
    [TestCase("[\"demo\",\"team/*\"]")]
    [TestCase("[\"\\ud800\"]")]
    public void Rooms_are_patterns(string rooms) => Assert.That(JudgeClaims(With("rooms", rooms)), Is.EqualTo(TokenRefusal.Rooms));

    [Test]
    public void Rooms_are_64_at_most()
    {
        static string Rooms(int count) => With("rooms", $"[{string.Join(',', Enumerable.Range(0, count).Select(static room => $"\"r{room}\""))}]");
        Assert.That(new[] { 64, 65, 400 }.Select(count => JudgeClaims(Rooms(count))), Is.EqualTo([TokenRefusal.None, TokenRefusal.Rooms, TokenRefusal.Rooms]));
    }

    [TestCase("[\"audio\"]", MediaTypes.Audio)]
    [TestCase("[\"video\"]", MediaTypes.Video)]
    [TestCase("[\"screen\",\"audio\",\"screen\"]", MediaTypes.Screen | MediaTypes.Audio)]
    [TestCase("[\"video\",\"screen\",\"audio\"]", AllMedia)]
    public void Media_are_a_set(string media, MediaTypes expected) => Assert.That(Identify(With("media", media)).Media, Is.EqualTo(expected));

    [TestCase("[\"smell\"]")]
    [TestCase("[\"audio\",\"smell\"]")]
    [TestCase("[\"Audio\"]")]
    [TestCase("[\"\"]")]
    public void Unknown_media_are_refused(string media) => Assert.That(JudgeClaims(With("media", media)), Is.EqualTo(TokenRefusal.Media));

    [TestCase("relay")]
    [TestCase("moderator")]
    public void What_is_false_is_as_what_is_not_said(string name) => Assert.That(Identify(With(name, "false")), Is.EqualTo(Identify(Claims)));

    private static string With(string name, string value)
    {
        var others = JsonElement.Parse(Claims).EnumerateObject().Where(claim => claim.Name != name);
        var claims = others.Select(static claim => $"\"{claim.Name}\":{claim.Value.GetRawText()}");
        return $"{{{string.Join(',', claims.Append($"\"{name}\":{value}"))}}}";
    }

    private static TokenRefusal Refusal(string claim) => Enum.Parse<TokenRefusal>(CultureInfo.InvariantCulture.TextInfo.ToTitleCase(claim));

    private static TokenRefusal JudgeFor(AuthenticationOptions options, string name, string? claim) =>
        new JoinTokens(new TokenKeys([HsKey()]), options).Judge(Hs(claim is null ? Claims : With(name, claim)));
}
