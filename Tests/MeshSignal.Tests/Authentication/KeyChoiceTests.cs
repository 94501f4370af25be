using System.Text;
using MeshSignal.Server.Authentication;
using static MeshSignal.Tests.Authentication.Tokens;

namespace MeshSignal.Tests.Authentication;

/// <summary>Which of the keys a token is held against.</summary>
internal sealed class KeyChoiceTests
{
    private const string OtherSecret = "another secret of 32 bytes, or of more";

    [TestCase("", null, TokenRefusal.None)]
    [TestCase("", "anything", TokenRefusal.None)]
    [TestCase("k1", null, TokenRefusal.None)]
    [TestCase("k1", "k1", TokenRefusal.None)]
    [TestCase("k1", "K1", TokenRefusal.UnknownKey)]
    [TestCase("k1", "k2", TokenRefusal.UnknownKey)]
    [TestCase("k1", "k1 ", TokenRefusal.UnknownKey)]
    [TestCase("", "", TokenRefusal.Header)]
    public void The_only_key_is_meant_unless_another_is_named(string configured, string? named, TokenRefusal expected) =>
        Assert.That(With(HsKey(configured)).Judge(Hs(header: HeaderFor(named))), Is.EqualTo(expected));

    [TestCase("k1", TokenRefusal.None)]
    [TestCase("k2", TokenRefusal.Signature)] // Not tried with the other one.
    [TestCase("k3", TokenRefusal.UnknownKey)]
    [TestCase(null, TokenRefusal.UnknownKey)]
    [TestCase("../../../../dev/null", TokenRefusal.UnknownKey)]
    [TestCase("/proc/sys/kernel/randomize_va_space", TokenRefusal.UnknownKey)]
    [TestCase("k1' OR '1'='1", TokenRefusal.UnknownKey)]
    [TestCase("x' UNION SELECT 'secret", TokenRefusal.UnknownKey)]
    [TestCase("k1\\u0000", TokenRefusal.UnknownKey)]
    [TestCase("k1\\n", TokenRefusal.UnknownKey)]
    [TestCase("\\u006b1", TokenRefusal.None)]
    [TestCase("\\ud800", TokenRefusal.Header)]
    [TestCase("", TokenRefusal.Header)]
    public void Of_several_it_names_one_to_the_letter(string? named, TokenRefusal expected) =>
        Assert.That(With(HsKey("k1"), HsKey("k2", OtherSecret)).Judge(Hs(header: HeaderFor(named))), Is.EqualTo(expected));

    [Test]
    public void While_keys_change_both_are_good_each_for_its_own()
    {
        var secret = Encoding.UTF8.GetBytes(OtherSecret);
        var (former, next) = (Hs(header: HeaderFor("former")), Hs(header: HeaderFor("next"), secret: secret));
        var (before, meanwhile, after) = (With(HsKey("former")), With(HsKey("former"), HsKey("next", OtherSecret)), With(HsKey("next", OtherSecret)));
        TokenRefusal[] judged =
            [before.Judge(former), before.Judge(next), meanwhile.Judge(former), meanwhile.Judge(next), after.Judge(former), after.Judge(next)];
        Assert.That(
            judged,
            Is.EqualTo([TokenRefusal.None, TokenRefusal.UnknownKey, TokenRefusal.None, TokenRefusal.None, TokenRefusal.UnknownKey, TokenRefusal.None]));
        Assert.That(meanwhile.Judge(Hs(header: HeaderFor("former"), secret: secret)), Is.EqualTo(TokenRefusal.Signature));
    }

    [Test]
    public void Without_keys_no_token_is_good() => Assert.That(With().Judge(Hs()), Is.EqualTo(TokenRefusal.UnknownKey));

    [Test]
    public void No_key_says_what_it_is_made_of() =>
        Assert.That(HsKey("k1").ToString(), Is.EqualTo(nameof(TokenKey)));

    private static string HeaderFor(string? keyId) => keyId is null ? Header : $$"""{"alg":"HS256","kid":"{{keyId}}"}""";
}
