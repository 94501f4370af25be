using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MeshSignal.Server.Authentication;
using static MeshSignal.Tests.Authentication.Tokens;

namespace MeshSignal.Tests.Authentication;

/// <summary>How a token is written: its parts, their alphabet, their length, and the JSON in two of them.</summary>
internal sealed class TokenFormTests
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private readonly JoinTokens _tokens = With(HsKey());

    [TestCase("")]
    [TestCase(".")]
    [TestCase("a.b")]
    [TestCase("a")]
    [TestCase("Bearer {0}")]
    [TestCase("{0}.")]
    [TestCase(".{0}")]
    [TestCase("{0}.AAAA")]
    [TestCase("{0}.AAAA.AAAA")]
    [TestCase("{1}.{2}")]
    [TestCase("{1}..{2}.{3}")]
    [TestCase("{1}.{2}.{3}=")]
    [TestCase("{1}=.{2}.{3}")]
    [TestCase("{1}.{2}==.{3}")]
    [TestCase(" {0}")]
    [TestCase("{0} ")]
    [TestCase("{0}\n")]
    [TestCase("{1}\r\n.{2}.{3}")]
    [TestCase("{1}.{2}. {3}")]
    [TestCase("{1}.{2}\t.{3}")]
    [TestCase("{1}.{2}.{3}\0")]
    [TestCase("{1}.{2}.{3}é")]
    [TestCase("{1}.{2}.{3}\ud800")]
    [TestCase("{1}.{2}.{3}AA")] // Of 45 characters, the last alone is no byte.
    public void What_is_not_three_parts_of_base64url_is_refused(string form)
    {
        var token = Hs();
        var parts = token.Split('.');
        Assert.That(_tokens.Judge(string.Format(null, form, token, parts[0], parts[1], parts[2])), Is.EqualTo(TokenRefusal.Malformed));
    }

    [TestCase("..", TokenRefusal.Header)]
    [TestCase("{1}.{2}.", TokenRefusal.Signature)]
    [TestCase("{1}..{3}", TokenRefusal.Signature)]
    [TestCase(".{2}.{3}", TokenRefusal.Header)]
    public void An_empty_part_is_refused(string form, TokenRefusal expected)
    {
        var parts = Hs().Split('.');
        Assert.That(_tokens.Judge(string.Format(null, form, "", parts[0], parts[1], parts[2])), Is.EqualTo(expected));
    }

    [Test]
    public void The_alphabet_is_that_of_URLs()
    {
        // Claims in whose encoding both characters stand that differ.
        var token = Hs("""{"sub":"~~~???>>>","exp":1800000000}""");
        Assert.That((token.Contains('-', StringComparison.Ordinal), token.Contains('_', StringComparison.Ordinal)), Is.EqualTo((true, true)));
        Assert.That(_tokens.Judge(token), Is.EqualTo(TokenRefusal.None));
        Assert.That(_tokens.Judge(token.Replace('-', '+')), Is.EqualTo(TokenRefusal.Malformed));
        Assert.That(_tokens.Judge(token.Replace('_', '/')), Is.EqualTo(TokenRefusal.Malformed));
    }

    /// <summary>The last character has bits that stand for nothing. If they could be anything, a token would have several texts.</summary>
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void Bits_that_stand_for_nothing_are_zero(int part)
    {
        // Signed as it stands, so that nothing but its form can be wrong with it.
        var (header, claims) = ("""{"alg":"HS256" }""", """{"sub":"u12","exp":1800000000 }""");
        var parts = Hs(claims, header).Split('.');
        Assert.That(parts[part].Length % 4, Is.Not.Zero, "else there are no such bits");
        var last = Alphabet[Alphabet.IndexOf(parts[part][^1], StringComparison.Ordinal) + 1];
        Assert.That(Base64Url.DecodeFromChars(parts[part]), Is.Not.Empty);
        parts[part] = $"{parts[part][..^1]}{last}";
        if (part < 2)
            parts[2] = Base64Url.EncodeToString(HMACSHA256.HashData(Secret, Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}")));

        Assert.That(_tokens.Judge(Hs(claims, header)), Is.EqualTo(TokenRefusal.None));
        Assert.That(_tokens.Judge(string.Join('.', parts)), Is.EqualTo(TokenRefusal.Malformed));
    }

    [Test]
    public void A_token_of_4_KiB_is_taken_and_one_more_byte_is_not()
    {
        var padded = Enumerable.Range(0, 3200).Select(static pad => Hs($$"""{"sub":"u1","exp":1800000000,"x":"{{new string('x', pad)}}"}"""));
        var lengths = padded.ToLookup(static token => token.Length);
        Assert.That(
            lengths[JoinTokens.MaxLength].Concat(lengths[JoinTokens.MaxLength - 1]).Select(token => _tokens.Judge(token)),
            Is.Not.Empty.And.All.EqualTo(TokenRefusal.None));
        Assert.That(
            lengths[JoinTokens.MaxLength + 1].Concat(lengths[JoinTokens.MaxLength + 2]).Select(token => _tokens.Judge(token)),
            Is.Not.Empty.And.All.EqualTo(TokenRefusal.TooLong));
    }

    [Test]
    public void What_is_far_too_long_is_not_even_read()
    {
        var text = new string('.', 10_000_000);
        Assert.That(_tokens.Judge(text), Is.EqualTo(TokenRefusal.TooLong));
        Assert.That(_tokens.TryVerify(Encoding.ASCII.GetBytes(text), Now, out _, out var refusal), Is.False);
        Assert.That(refusal, Is.EqualTo(TokenRefusal.TooLong));
    }

    [TestCase("""{"alg":"HS256","typ":"JWT"}""")]
    [TestCase("""{"alg":"HS256","typ":"jwt"}""")]
    [TestCase("""{"alg":"HS256","typ":"AT+JWT"}""")]
    [TestCase("""{"alg":"HS256","x5t":"x","cty":"x","x":[{}]}""")]
    [TestCase("""{"al\u0067":"HS25\u0036"}""")]
    [TestCase(" {\r\n\"alg\" : \"HS256\"} ")]
    public void A_header_that_says_no_more_than_it_may_is_taken(string header) => Assert.That(_tokens.Judge(Hs(header: header)), Is.EqualTo(TokenRefusal.None));

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("\"HS256\"")]
    [TestCase("""[{"alg":"HS256"}]""")]
    [TestCase("""{"alg":"HS256"}{}""")]
    [TestCase("""{"alg":"HS256",}""")]
    [TestCase("""{"alg":"HS256"/**/}""")]
    [TestCase("""{"alg":"HS256" """)]
    [TestCase("""{"alg":null}""")]
    [TestCase("""{"alg":["HS256"]}""")]
    [TestCase("""{"alg":256}""")]
    [TestCase("""{"alg":""}""")]
    [TestCase("""{"alg":"\ud800"}""")]
    [TestCase("""{"Alg":"HS256"}""")]
    [TestCase("""{"alg":"HS256","alg":"HS256"}""")]
    [TestCase("""{"alg":"HS256","alg":"none"}""")]
    [TestCase("""{"alg":"none","\u0061lg":"HS256"}""")]
    [TestCase("""{"alg":"HS256","x":{"y":1,"y":2}}""")]
    [TestCase("""{"alg":"HS256","kid":1}""")]
    [TestCase("""{"alg":"HS256","kid":null}""")]
    [TestCase("""{"alg":"HS256","kid":["a"]}""")]
    [TestCase("""{"alg":"HS256","typ":"JWE"}""")]
    [TestCase("""{"alg":"HS256","typ":"logout+jwt"}""")]
    [TestCase("""{"alg":"HS256","typ":""}""")]
    [TestCase("""{"alg":"HS256","typ":1}""")]
    [TestCase("""{"alg":"HS256","crit":["exp"]}""")]
    [TestCase("""{"alg":"HS256","crit":[]}""")]
    [TestCase("""{"alg":"HS256","crit":null}""")]
    [TestCase("""{"alg":"HS256","b64":true}""")]
    [TestCase("""{"alg":"HS256","b64":false,"crit":["b64"]}""")]
    [TestCase("""{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}""")]
    [TestCase("""{"alg":"HS256","jku":"https://127.0.0.1/keys"}""")]
    [TestCase("""{"alg":"HS256","x5u":"https://127.0.0.1/cert"}""")]
    [TestCase("""{"alg":"HS256","\u00785c":["AAAA"]}""")]
    public void Any_other_header_is_refused(string header) => Assert.That(_tokens.Judge(Hs(header: header)), Is.EqualTo(TokenRefusal.Header));

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("\"sub\"")]
    [TestCase("1800000000")]
    [TestCase("""{"sub":"u1","exp":1800000000""")]
    [TestCase("""{"sub":"u1","exp":1800000000}}""")]
    [TestCase("""{"sub":"u1","exp":1800000000,}""")]
    [TestCase("""{"sub":"u1","exp":01800000000}""")]
    [TestCase("""{"sub":"u1","exp":+1}""")]
    [TestCase("""{"sub":"u1","exp":NaN}""")]
    [TestCase("""{'sub':'u1','exp':1800000000}""")]
    [TestCase("""{"sub":"u1","exp":1800000000,"sub":"u2"}""")]
    [TestCase("""{"sub":"u1","exp":1800000000,"\u0073ub":"u2"}""")]
    [TestCase("""{"sub":"u1","exp":1800000000,"exp":1}""")]
    [TestCase("""{"exp":1,"sub":"u1","\u0065\u0078\u0070":1800000000}""")]
    [TestCase("""{"sub":"u1","exp":1800000000,"x":{"y":[{"z":1,"\u007a":1}]}}""")]
    [TestCase("""{"sub":"u1","exp":1800000000,"\ud800":1,"\ud800":2}""")]
    [TestCase("""{"sub":"u1","exp":1800000000,"x":[[[[[[[[]]]]]]]]}""")]
    public void Claims_that_are_no_JSON_object_or_say_something_twice_are_refused(string claims) =>
        Assert.That(JudgeClaims(claims), Is.EqualTo(TokenRefusal.Payload));

    [Test]
    public void Depth_is_bounded_however_deep_it_is() =>
        Assert.That(
            new[] { 7, 8, 1000 }.Select(depth => JudgeClaims($$"""{"sub":"u1","exp":1800000000,"x":{{new string('[', depth)}}{{new string(']', depth)}}}""")),
            Is.EqualTo([TokenRefusal.None, TokenRefusal.Payload, TokenRefusal.Payload]));

    [TestCase(0x80)]
    [TestCase(0xC0, 0xAF)]
    [TestCase(0xED, 0xA0, 0x80)]
    [TestCase(0xF5, 0x80, 0x80, 0x80)]
    [TestCase(0xC3)]
    public void Bytes_that_are_no_UTF_8_are_refused_wherever_they_stand(params int[] bytes)
    {
        var wrong = bytes.Select(static value => (byte)value).ToArray();
        byte[][] all =
        [
            [.. "{\"exp\":1800000000,\"sub\":\"u1"u8, .. wrong, .. "\"}"u8],
            [.. "{\"exp\":1800000000,\"sub\":\"u1\",\"x\":\""u8, .. wrong, .. "\"}"u8],
            [.. "{\"exp\":1800000000,\"sub\":\"u1\",\"x"u8, .. wrong, .. "\":1}"u8],
            [.. "{\"exp\":1800000000,\"sub\":\"u1\"}"u8, .. wrong],
        ];
        foreach (var claims in all)
            Assert.That(_tokens.Judge(Make(Header, claims, static signed => HMACSHA256.HashData(Secret, signed))), Is.EqualTo(TokenRefusal.Payload));
    }

    [Test]
    public void A_byte_order_mark_is_no_JSON() => Assert.That(JudgeClaims($"\ufeff{Claims}"), Is.EqualTo(TokenRefusal.Payload));

    /// <summary>Else an answer, or its time, would say something about claims of whoever cannot sign.</summary>
    [TestCase("{}")]
    [TestCase("no JSON")]
    [TestCase("""{"sub":"u1","exp":1}""")]
    [TestCase("""{"sub":"u1","sub":"u1"}""")]
    public void The_signature_is_checked_before_any_claim(string claims) =>
        Assert.That(_tokens.Judge(Hs(claims, secret: new byte[32])), Is.EqualTo(TokenRefusal.Signature));
}
