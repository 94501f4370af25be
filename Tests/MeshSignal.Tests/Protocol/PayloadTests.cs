using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

internal sealed class PayloadTests
{
    private static readonly (string Type, string Member)[] Descriptions = [(MessageTypes.Offer, "offer"), (MessageTypes.Answer, "answer")];

    [TestCase("{}")]
    [TestCase("""{"type":"offer","sdp":"v=0\r\n"}""")]
    [TestCase("\"v=0\"")]
    [TestCase("\" \"")]
    public void A_description_is_an_object_or_a_text(string description)
    {
        foreach (var (type, member) in Descriptions)
            Decoding.Decode($$"""{"type":"{{type}}","targetUsername":"bob","{{member}}":{{description}}}""");
    }

    [TestCase("""
              "offer":"","answer":""
              """)]
    [TestCase("""
              "offer":null,"answer":null
              """)]
    [TestCase("""
              "offer":5,"answer":5
              """)]
    [TestCase("""
              "offer":true,"answer":false
              """)]
    [TestCase("""
              "offer":[{}],"answer":[{}]
              """)]
    [TestCase("""
              "description":{}
              """)]
    public void Anything_else_is_no_description(string members)
    {
        foreach (var (type, _) in Descriptions)
        {
            var failure = Decoding.Fail($$"""{"type":"{{type}}","targetUsername":"bob",{{members}}}""");
            Assert.That(failure, Is.EqualTo(new DecodeFailure(ErrorCode.InvalidDescription, type, true, null)));
        }
    }

    [Test]
    public void An_offer_is_not_taken_for_an_answer() =>
        Assert.That(
            Decoding.Fail("""{"type":"webrtc-answer","targetUsername":"bob","offer":{}}""").Code,
            Is.EqualTo(ErrorCode.InvalidDescription));

    [TestCase("null", true)]
    [TestCase("\"\"", true)]
    [TestCase("\"candidate:1\"", false)]
    [TestCase("{}", false)]
    [TestCase("""{"candidate":""}""", false)]
    public void A_candidate_is_an_object_a_line_or_the_end(string candidate, bool isEnd)
    {
        var message = Decoding.Decode<CandidateMessage>($$"""{"type":"webrtc-ice-candidate","targetUsername":"bob","candidate": {{candidate}} }""");
        Assert.That(message.Candidate.IsEndOfCandidates, Is.EqualTo(isEnd));
    }

    [TestCase("""
              "candidate":5
              """)]
    [TestCase("""
              "candidate":true
              """)]
    [TestCase("""
              "candidate":[]
              """)]
    [TestCase("""
              "buffer":true
              """)]
    public void Anything_else_is_no_candidate(string member) =>
        Assert.That(
            Decoding.Fail($$"""{"type":"webrtc-ice-candidate","targetUsername":"bob",{{member}}}"""),
            Is.EqualTo(new DecodeFailure(ErrorCode.InvalidCandidate, MessageTypes.IceCandidate, true, null)));

    [TestCase("false")]
    [TestCase("0")]
    [TestCase("-1.5e10")]
    [TestCase("\"\"")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("[null]")]
    public void A_signal_is_anything_but_null(string signal) =>
        Assert.That(
            Decoding.Decode<SignalMessage>($$"""{"type":"webrtc-signal","targetUsername":"bob","signal":{{signal}}}""").Signal.Utf8.Text(),
            Is.EqualTo(signal));
}
