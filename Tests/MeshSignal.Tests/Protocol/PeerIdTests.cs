using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

internal sealed class PeerIdTests
{
    [Test]
    public void A_new_id_is_sixteen_hex_digits_and_no_other_has_it()
    {
        var ids = Enumerable.Range(0, 1000).Select(_ => PeerId.New().Value).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ids, Is.All.Match("^[0-9a-f]{16}$"));
            Assert.That(ids, Is.Unique);
        }
    }

    [TestCase("0123456789abcdef", true)]
    [TestCase("0123456789ABCDEF", false)]
    [TestCase("0123456789abcde", false)]
    [TestCase("0123456789abcdef0", false)]
    [TestCase("0123456789abcdeg", false)]
    [TestCase("", false)]
    [TestCase(null, false)]
    public void Only_such_a_text_is_one(string? text, bool expected) => Assert.That(PeerId.TryParse(text, out _), Is.EqualTo(expected));
}
