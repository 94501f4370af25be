using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Protocol;

internal sealed class RelayedMessageTests
{
    [TestCase(MessageTypes.Offer, "offer")]
    [TestCase(MessageTypes.Answer, "answer")]
    [TestCase(MessageTypes.IceCandidate, "candidate")]
    [TestCase(MessageTypes.Signal, "signal")]
    public void A_relayed_message_says_who_sent_it_and_holds_nothing_else_of_the_request(string type, string member)
    {
        var relayed = Relay(
            $$"""{"type":"{{type}}","token":"t","id":1,"fromUsername":"root","buffer":true,"{{member}}":{"a":1},"targetUsername":"bob","targetPeerId":"p"}""");
        Assert.That(relayed, Is.EqualTo($$$"""{"type":"{{{type}}}","fromUsername":"Amira-_9","fromPeerId":"0123456789abcdef","{{{member}}}":{"a":1}}"""));
    }

    [TestCase("""{ "sdp" : "v=0\r\n\u0061\/<>&'" , "type" : "offer" }""")]
    [TestCase("""
              "{\"type\":\"offer\"}"
              """)]
    [TestCase("""{"x":1e999,"y":-0,"z":1.0,"w":12345678901234567890}""")]
    [TestCase("""{"x":"\ud800"}""")]
    [TestCase("""{"x":1,"x":2}""")]
    [TestCase("{\"ä\":\"😀\u2028\"}")]
    [TestCase("{\t\n\r }")]
    public void A_payload_passes_byte_for_byte(string payload)
    {
        var relayed = Relay($$"""{"type":"webrtc-offer","targetUsername":"bob","offer":  {{payload}}  }""");
        Assert.That(relayed, Does.EndWith($$""","offer":{{payload}}}"""));
    }

    [TestCase("null")]
    [TestCase("\"\"")]
    public void The_end_of_candidates_passes_as_it_was_sent(string end)
    {
        var relayed = Relay($$"""{"type":"webrtc-ice-candidate","targetUsername":"bob","candidate":{{end}}}""");
        Assert.That(JsonElement.Parse(relayed).GetProperty("candidate").GetRawText(), Is.EqualTo(end));
    }

    [Test]
    public void A_relayed_message_outlives_the_buffer_of_the_request()
    {
        var utf8 = """{"type":"webrtc-offer","targetUsername":"bob","offer":{"sdp":"v=0"}}"""u8.ToArray();
        MessageCodec.TryDecode(utf8, out var message, out _);
        var relayed = Relay((DirectedMessage)message!);
        Array.Clear(utf8);
        Assert.That(relayed.Text(), Does.EndWith("""{"sdp":"v=0"}}"""));
    }

    internal static EncodedMessage Relay(DirectedMessage message) =>
        MessageCodec.EncodeRelayed(message, Valid.Name("Amira-_9"), Valid.Stay("0123456789abcdef"));

    internal static EncodedMessage Encode(string json) => Relay((DirectedMessage)Decoding.Decode(json));

    private static string Relay(string json) => Encode(json).Text();
}
