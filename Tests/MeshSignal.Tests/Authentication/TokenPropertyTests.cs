using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MeshSignal.Server.Authentication;
using MeshSignal.Tests.Protocol;
using static MeshSignal.Tests.Authentication.Tokens;

namespace MeshSignal.Tests.Authentication;

/// <summary>What holds for every token, found by trying many.</summary>
internal sealed class TokenPropertyTests
{
    private const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é";
    private const string FullClaims =
        """{"sub":"u1","exp":1800000000,"iat":1799990000,"jti":"j1","name":"alice","rooms":["a*"],"media":["audio"],"relay":false,"moderator":false,"x":12}""";

    // Case n is made from FirstSeed + n: the seed in a failure makes its token again.
    private const int FirstSeed = 30_000_000;
    private const int Cases = 50_000;

    private static readonly string[] ClaimNames = ["exp", "nbf", "iat", "iss", "aud", "sub", "jti", "name", "rooms", "media", "relay", "moderator"];
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(5000);

    [Test]
    public void No_character_of_a_token_can_be_another()
    {
        var (tokens, token) = (With(HsKey()), Hs(FullClaims));
        Assert.That(tokens.Judge(token), Is.EqualTo(TokenRefusal.None));
        for (var at = 0; at < token.Length; at++)
            foreach (var character in Characters.Where(character => character != token[at]))
                if (tokens.Judge($"{token[..at]}{character}{token[(at + 1)..]}") == TokenRefusal.None)
                    Assert.Fail($"'{character}' at {at} of {token}");
    }

    /// <summary>Their signatures take longer to check, so one other character each.</summary>
    [TestCase("RS256")]
    [TestCase("ES256")]
    public void Nor_with_a_public_key(string algorithm)
    {
        var (tokens, token) = algorithm == "RS256" ? (With(RsKey()), Rs(FullClaims)) : (With(EsKey()), Es(FullClaims));
        Assert.That(tokens.Judge(token), Is.EqualTo(TokenRefusal.None));
        for (var at = 0; at < token.Length; at++)
        {
            // 1 to 63 characters further in the alphabet, so never the same.
            var next = token[at] == '.' ? 'A' : Characters[(Characters.IndexOf(token[at], StringComparison.Ordinal) + 1 + at % 63) % 64];
            Assert.That(tokens.Judge($"{token[..at]}{next}{token[(at + 1)..]}"), Is.Not.EqualTo(TokenRefusal.None), () => $"'{next}' at {at} of {token}");
        }
    }

    [Test]
    public void No_damaged_token_throws_or_is_taken()
    {
        var (tokens, good) = (With(HsKey()), Hs(FullClaims));
        for (var seed = FirstSeed; seed < FirstSeed + Cases; seed++)
        {
            var damaged = Damage(good, new Random(seed));
            if (damaged != good && tokens.Judge(damaged) == TokenRefusal.None)
                Assert.Fail($"seed {seed}: {damaged}");
        }
    }

    [Test]
    public void No_bytes_throw()
    {
        var tokens = With(EsKey());
        var bytes = Gen.Frequency((3, Gen.Choose(0, 255)), (1, Gen.Constant((int)'.'))).Select(static value => (byte)value).ArrayOf();
        Prop.ForAll(bytes.ToArbitrary(), utf8 => Assert.That(tokens.TryVerify(utf8, Now, out _, out _), Is.False)).Check(Runs);
    }

    /// <summary>Signed ones: the system of an operator may make mistakes.</summary>
    [Test]
    public void No_JSON_in_a_claim_throws()
    {
        var claims =
            from name in Gen.Elements(ClaimNames)
            from value in RandomJson.Value(4)
            from other in Gen.Elements(""" "exp":1800000000,"sub":"u1" """, """ "exp":1800000000 """, """ "sub":"u1" """)
            select $$"""{{{other}},"{{name}}":{{value}}}""";
        Prop.ForAll(claims.ToArbitrary(), static json => AssertJudged(json)).Check(Runs);
    }

    [Test]
    public void No_JSON_as_header_or_claims_throws() => Prop.ForAll(RandomJson.Message.ToArbitrary(), static json =>
    {
        AssertJudged(json);
        Assert.That(With(HsKey()).Judge(Hs(header: json)), Is.AnyOf(TokenRefusal.Header, TokenRefusal.TooLong));
    }).Check(Runs);

    private static void AssertJudged(string claims) => Assert.That(Enum.IsDefined(JudgeClaims(claims)), Is.True);

    private static string Damage(string token, Random random)
    {
        var text = new StringBuilder(token);
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var (at, length) = (random.Next(text.Length), random.Next(1, 8));
            switch (random.Next(5))
            {
                case 0:
                    text.Remove(at, Math.Min(length, text.Length - at));
                    break;
                case 1:
                    text.Insert(at, Characters[random.Next(Characters.Length)]);
                    break;
                case 2:
                    text.Insert(at, text.ToString(at, Math.Min(length, text.Length - at)));
                    break;
                case 3:
                    text[at] = (char)random.Next(0x10000);
                    break;
                default:
                    text[at] = Characters[random.Next(64)];
                    break;
            }
        }

        return text.ToString();
    }
}
