using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

internal sealed class RequestIdTests
{
    private static readonly string LongestId = new('x', 64);

    [TestCase("0", "0")]
    [TestCase("-0", "0")]
    [TestCase("7", "7")]
    [TestCase("-1", "-1")]
    [TestCase("9223372036854775807", "9223372036854775807")]
    [TestCase("-9223372036854775808", "-9223372036854775808")]
    [TestCase("\"a\"", "\"a\"")]
    [TestCase("\" \"", "\" \"")]
    [TestCase("\"7\"", "\"7\"")]
    [TestCase("""
              "\u0061\"\\\n"
              """, """
              "a\"\\\n"
              """)]
    public void An_id_comes_back_as_it_was(string sent, string echoed)
    {
        var id = Decoding.Decode($$"""{"type":"ping","id":{{sent}}}""").Id!.Value;
        Assert.That(MessageCodec.Encode(new AckMessage(id)).Text(), Is.EqualTo($$"""{"type":"ack","id":{{echoed}}}"""));
    }

    [TestCase("1.0")]
    [TestCase("1e0")]
    [TestCase("1e999")]
    [TestCase("0.5")]
    [TestCase("9223372036854775808")]
    [TestCase("12345678901234567890")]
    [TestCase("\"\"")]
    [TestCase("null")]
    [TestCase("true")]
    [TestCase("{}")]
    [TestCase("[1]")]
    [TestCase(@"""\ud800""", Description = "Was taken for a message without a type.")]
    public void Anything_else_is_none(string id) =>
        Assert.That(
            Decoding.Fail($$"""{"type":"ping","id":{{id}}}"""),
            Is.EqualTo(new DecodeFailure(ErrorCode.InvalidMessage, MessageTypes.Ping, false, null)));

    [Test]
    public void Sixty_four_characters_are_the_most()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Decoding.Decode($$"""{"type":"ping","id":"{{LongestId}}"}""").Id, Is.EqualTo(new RequestId(LongestId)));
            Assert.That(Decoding.Fail($$"""{"type":"ping","id":"{{LongestId}}x"}""").Code, Is.EqualTo(ErrorCode.InvalidMessage));
        }
    }

    [Test]
    public void A_number_and_its_digits_are_two_ids() => Assert.That(new RequestId("7"), Is.Not.EqualTo(new RequestId(7)));

    [Test]
    public void Whatever_is_in_an_id_the_answer_stays_json()
    {
        foreach (var text in new[] { "\"}", "\\", "\u2028</script>", "\0\u001f\u007f", "😀" })
        {
            var ack = JsonElement.Parse(MessageCodec.Encode(new AckMessage(new RequestId(text))).Utf8.Span);
            Assert.That(ack.GetProperty("id").GetString(), Is.EqualTo(text));
        }
    }
}
