using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Protocol;

internal sealed class UsernameTests
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

    [Test]
    public void Of_all_characters_only_the_alphabets_make_names()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(CodePoints().Where(text => Username.TryParse($"ab{text}", out _)), Is.EquivalentTo(Alphabet.Select(c => c.ToString())));
            Assert.That(CodePoints().Where(text => RoomName.TryParse(text, out _)), Is.EquivalentTo(Alphabet.Select(c => c.ToString())));
        }
    }

    [TestCase(null, false)]
    [TestCase("", false)]
    [TestCase("ab", false)]
    [TestCase("abc", true)]
    [TestCase("---", true)]
    [TestCase("__proto__", true)]
    [TestCase("constructor", true)]
    [TestCase(" abc", false)]
    [TestCase("abc\n", false)]
    [TestCase("abc\0", false)]
    [TestCase("Ａbc", false)]
    public void A_name_has_at_least_three_characters_of_the_alphabet(string? text, bool expected) =>
        Assert.That(Username.TryParse(text, out _), Is.EqualTo(expected));

    [TestCase("12345678901234567890", "12345678901234567890")]
    [TestCase("12345678901234567890x", "12345678901234567890")]
    [TestCase("12345678901234567890 ä😀", "12345678901234567890")]
    public void A_longer_name_is_cut_to_twenty_before_it_is_judged(string text, string expected)
    {
        Assert.That(Username.TryParse(text, out var username));
        Assert.That(username.Value, Is.EqualTo(expected));
    }

    [TestCase("Alice", "alice")]
    [TestCase("Alice", "A1ice")]
    [TestCase("Alice", "AIice")]
    [TestCase("Bob", "B0b")]
    [TestCase("Bob", "BOB")]
    [TestCase("a-b", "a_b")]
    [TestCase("lll", "1iI")]
    public void Names_that_a_reader_could_mix_up_have_one_key(string one, string other)
    {
        var (first, second) = (Valid.Name(one), Valid.Name(other));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Key, Is.EqualTo(second.Key));
            Assert.That(first, Is.Not.EqualTo(second));
        }
    }

    [Test]
    public void Every_character_shares_its_key_with_its_look_alikes_and_nobody_else()
    {
        string[] lookAlikes =
            ["0Oo", "1lLiI", "-_", .. "abcdefghjkmnpqrstuvwxyz".Select(c => $"{c}{char.ToUpperInvariant(c)}"), .. "23456789".Select(c => $"{c}")];
        var byKey = Alphabet.GroupBy(c => Valid.Name($"{c}xx").Key, StringComparer.Ordinal).Select(group => string.Concat(group.Order()));
        Assert.That(byKey, Is.EquivalentTo(lookAlikes.Select(group => string.Concat(group.Order()))));
    }

    [Test]
    public void A_key_is_a_name_with_itself_as_key() =>
        Prop.ForAll(Names().ToArbitrary(), name => Valid.Name(Valid.Name(name).Key).Key == Valid.Name(name).Key).QuickCheckThrowOnFailure();

    [Test]
    public void Case_never_tells_two_names_apart() =>
        Prop.ForAll(Names().ToArbitrary(), name => Valid.Name(name.ToUpperInvariant()).Key == Valid.Name(name.ToLowerInvariant()).Key).QuickCheckThrowOnFailure();

    [TestCase("system", true)]
    [TestCase("SYSTEM", true)]
    [TestCase("server", true)]
    [TestCase("admin", true)]
    [TestCase("Adm1n", true)]
    [TestCase("administrator", true)]
    [TestCase("moderator", true)]
    [TestCase("m0d", true)]
    [TestCase("r00t", true)]
    [TestCase("MeshSignaI", true)]
    [TestCase("admins", false)]
    [TestCase("roots", false)]
    [TestCase("alice", false)]
    [TestCase("prototype", false)]
    public void Names_of_the_service_and_their_look_alikes_are_reserved(string name, bool expected) =>
        Assert.That(Valid.Name(name).IsReserved, Is.EqualTo(expected));

    /// <summary>As V8 has them.</summary>
    [TestCase("__proto__")]
    [TestCase("--PR0T0--")]
    [TestCase("constructor")]
    [TestCase("toString")]
    [TestCase("tostring")]
    [TestCase("toLocaleString")]
    [TestCase("valueOf")]
    [TestCase("hasOwnProperty")]
    [TestCase("isPrototypeOf")]
    [TestCase("propertyIsEnumerable")]
    [TestCase("__defineGetter__")]
    [TestCase("__defineSetter__")]
    [TestCase("__lookupGetter__")]
    [TestCase("__lookupSetter__")]
    public void What_every_object_of_javascript_has_is_reserved(string name) => Assert.That(Valid.Name(name).IsReserved);

    private static Gen<string> Names() =>
        from length in Gen.Choose(Username.MinLength, Username.MaxLength)
        from characters in Gen.Elements(Alphabet.ToCharArray()).ArrayOf(length)
        select new string(characters);

    /// <summary>All of Unicode, halves of surrogate pairs too.</summary>
    private static IEnumerable<string> CodePoints() =>
        Enumerable.Range(0, 0x10000).Select(unit => ((char)unit).ToString())
            .Concat(Enumerable.Range(0x10000, 0x100000).Select(point => new Rune(point).ToString()));
}
