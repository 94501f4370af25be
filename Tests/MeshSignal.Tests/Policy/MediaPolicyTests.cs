using System.Text;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Policy;

namespace MeshSignal.Tests.Policy;

/// <summary>Which messages send no more than their sender may.</summary>
internal sealed class MediaPolicyTests
{
    private const string Hidden = """{"type":"offer","sdp":"v=0\r\nm=video 9 RTP/AVP 96\r\n"}""";

    [TestCase(MediaTypes.None, "")]
    [TestCase(MediaTypes.Audio, "audio")]
    [TestCase(MediaTypes.Video, "video")]
    [TestCase(MediaTypes.Screen, "video")] // Which of the two it is, no description says.
    [TestCase(MediaTypes.Audio | MediaTypes.Screen, "audio,video")]
    [TestCase(MediaTypes.Audio | MediaTypes.Video, "audio,video")]
    public void Rights_allow_sections(MediaTypes rights, string allowed)
    {
        foreach (var sections in new string[][] { [], ["audio"], ["video"], ["audio", "video"], ["application"] })
        {
            var sdp = JsonSerializer.Serialize(Sdps.Of([.. sections.Select(section => $"{section} sendonly")]));
            var isAllowed = sections.All(section => section == "application" || allowed.Contains(section, StringComparison.Ordinal));
            Assert.That(Messages(sdp).Select(message => MediaPolicy.Allows(rights, message)), Is.All.EqualTo(isAllowed), sdp);
        }
    }

    [TestCase(Hidden)]
    [TestCase("\"v=0\\r\\nm=video 9 RTP/AVP 96\\r\\n\"")]
    [TestCase("""{"sdp":"v=0\r\nm=audio 9 x 0\r\n","sdp":"v=0\r\nm=video 9 RTP/AVP 96\r\n"}""")]
    [TestCase("""{"sdp":"v=0\r\nm=video 9 RTP/AVP 96\r\n","sdp":"v=0\r\n"}""")]
    [TestCase("""{"\u0073dp":"v=0\r\nm=video 9 RTP/AVP 96\r\n"}""")]
    [TestCase("""{"sdp":"v=0\r\n\u006d\u003dvi\u0064eo 9 RTP/AVP 96\u000a"}""")]
    [TestCase("""{"a":[1,{"b":[null,true,"m=video 9 RTP/AVP 96"]}]}""")]
    [TestCase("""["v=0","m=video 9 RTP/AVP 96"]""")]
    [TestCase("""{"sdp":"\ud800"}""")]
    [TestCase("""{"x":"\udc00m=audio"}""")]
    [TestCase("""{"type":"pranswer","sdp":"v=0\r\nm=video 9 RTP/AVP 96\r\n"}""")]
    public void What_holds_a_picture_in_any_shape_is_not_for_whoever_may_send_sound_only(string payload)
    {
        Assert.That(Messages(payload).Select(static message => MediaPolicy.Allows(MediaTypes.Audio, message)), Is.All.False);
        Assert.That(Messages(payload).Select(static message => MediaPolicy.Allows(MediaTypes.Audio | MediaTypes.Screen, message)), Is.All.True);
    }

    [Test]
    public void Nor_is_JSON_within_a_string_a_hiding_place()
    {
        var payload = Hidden;
        for (var level = 0; level < 6; level++)
        {
            payload = JsonSerializer.Serialize(level % 2 == 0 ? (object)payload : new[] { " " + payload });
            Assert.That(Messages(payload).Select(static message => MediaPolicy.Allows(MediaTypes.Audio, message)), Is.All.False, payload);
        }
    }

    /// <summary>Beyond the 64 levels that a reader takes by default it was: what had been found before was forgotten.</summary>
    [TestCase(65)]
    [TestCase(20_000)]
    public void Nor_is_depth(int depth)
    {
        var deep = new string('[', depth) + new string(']', depth);
        foreach (var text in new[] { $$"""{"x":{{deep}},"offer":{{Hidden}}}""", $$"""{"offer":{{Hidden}},"x":{{deep}}}""" })
            Assert.That(Messages(JsonSerializer.Serialize(text)).Select(static message => MediaPolicy.Allows(MediaTypes.Audio, message)), Is.All.False, text[..80]);
    }

    [TestCase("5")]
    [TestCase("true")]
    [TestCase("{}")]
    [TestCase("\"{no JSON, m=video\"")]
    [TestCase("\"[\"")]
    [TestCase("""{"type":"renegotiate","renegotiate":true}""")]
    [TestCase("""{"type":"transceiverRequest","transceiverRequest":{"kind":"video","init":{"direction":"sendrecv"}}}""")]
    [TestCase("""{"type":"candidate","candidate":{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"video"}}""")]
    [TestCase("""{"type":"offer","sdp":"v=0\r\nm=audio 9 RTP/AVP 0\r\nm=video 9 RTP/AVP 96\r\na=recvonly\r\n"}""")]
    [TestCase("""{"type":"rollback","sdp":""}""")]
    public void What_sends_no_picture_passes(string payload) =>
        Assert.That(Messages(payload).Select(static message => MediaPolicy.Allows(MediaTypes.Audio, message)), Is.All.True);

    [Test]
    public void A_candidate_sends_nothing() =>
        Assert.That(MediaPolicy.Allows(MediaTypes.None, new CandidateMessage(new IceCandidate(Utf8(Hidden)), false) { TargetUsername = "bob" }));

    /// <summary>It is not even looked at, so that it costs nothing: what is no JSON would throw.</summary>
    [TestCase(MediaTypes.Audio | MediaTypes.Video | MediaTypes.Screen)]
    [TestCase(MediaTypes.Audio | MediaTypes.Video)]
    [TestCase(MediaTypes.Audio | MediaTypes.Screen)]
    public void Whoever_may_send_all_is_not_examined(MediaTypes rights) =>
        Assert.That(Messages("no JSON").Select(message => MediaPolicy.Allows(rights, message)), Is.All.True);

    private static DirectedMessage[] Messages(string payload) =>
    [
        new OfferMessage(new SessionDescription(Utf8(payload))) { TargetUsername = "bob" },
        new AnswerMessage(new SessionDescription(Utf8(payload))) { TargetUsername = "bob" },
        new SignalMessage(new OpaqueSignal(Utf8(payload))) { TargetUsername = "bob" },
    ];

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
