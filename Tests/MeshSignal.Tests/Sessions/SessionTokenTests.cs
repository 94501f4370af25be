using System.Security.Cryptography;
using System.Text;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Tests.Sessions;

internal sealed class SessionTokenTests
{
    private readonly SessionToken _token = SessionToken.New();

    [Test]
    public void A_token_is_64_lower_case_hex_digits_and_no_other_is_the_same()
    {
        var tokens = Enumerable.Range(0, 1000).Select(_ => SessionToken.New().Reveal()).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tokens, Is.All.Match("^[0-9a-f]{64}$"));
            Assert.That(tokens, Is.Unique);
        }
    }

    [Test]
    public void It_matches_itself() => Assert.That(_token.Matches(Encoding.ASCII.GetBytes(_token.Reveal())));

    [Test]
    public void It_matches_nothing_else()
    {
        var text = _token.Reveal();
        string[] others =
            ["", text[..63], $"{text}0", $" {text[1..]}", text.ToUpperInvariant() + "f", new('0', 64), SessionToken.New().Reveal(), _token.Hash.Value];
        Assert.That(others.Select(other => _token.Matches(Encoding.UTF8.GetBytes(other))), Has.None.True);
    }

    [Test]
    public void A_difference_anywhere_is_seen()
    {
        for (var i = 0; i < 64; i++)
        {
            var other = Encoding.ASCII.GetBytes(_token.Reveal());
            other[i] ^= 1;
            Assert.That(_token.Matches(other), Is.False);
        }
    }

    [Test]
    public void Its_hash_is_sha256_and_does_not_give_it_away() =>
        Assert.That(_token.Hash.Value, Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(_token.Reveal())))));

    [Test]
    public void It_does_not_print_itself() => Assert.That($"{_token}", Is.EqualTo(nameof(SessionToken)));
}
