using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Policy;

namespace MeshSignal.Tests.Policy;

/// <summary>What a description says that its sender sends, at its word and at the word of a lenient reader.</summary>
internal sealed class SdpMediaTests
{
    private const MediaTypes Nothing = MediaTypes.None;
    private const MediaTypes Sound = MediaTypes.Audio;
    private const MediaTypes Picture = MediaTypes.Video;
    private const MediaTypes Both = Sound | Picture;

    [Test]
    public void A_browsers_offer_is_understood([Values] bool microphone, [Values] bool camera)
    {
        var sent = (microphone ? Sound : Nothing) | (camera ? Picture : Nothing);
        Assert.That(SentBy(Sdps.Firefox(microphone ? "sendrecv" : "recvonly", camera ? "sendonly" : "recvonly")), Is.EqualTo(sent));
        Assert.That(SentBy(Sdps.Chromium(microphone ? "sendrecv" : "inactive", camera ? "sendrecv" : "recvonly")), Is.EqualTo(sent));
    }

    [TestCase("sendrecv", Picture)]
    [TestCase("sendonly", Picture)]
    [TestCase("recvonly", Nothing)]
    [TestCase("inactive", Nothing)]
    [TestCase("x-unknown", Picture)]
    public void A_section_sends_unless_its_direction_says_otherwise(string direction, MediaTypes sent) =>
        Assert.That(SentBy($"v=0\r\nm=video 9 RTP/AVP 96\r\na=mid:0\r\na={direction}\r\n"), Is.EqualTo(sent));

    [TestCase("a=sendrecv", Picture)]
    [TestCase("a=sendonly", Picture)]
    [TestCase("a=recvonly", Picture)] // Chromium takes the section for sendrecv.
    [TestCase("a=inactive", Picture)]
    public void A_direction_before_the_first_section_silences_none(string direction, MediaTypes sent)
    {
        Assert.That(SentBy($"v=0\r\n{direction}\r\nm=video 9 RTP/AVP 96\r\n"), Is.EqualTo(sent));
        Assert.That(SentBy($"v=0\r\n{direction}\r\nm=video 9 RTP/AVP 96\r\na=recvonly\r\n"), Is.EqualTo(Nothing));
    }

    [TestCase("m=video 0 RTP/AVP 96", "", Nothing)]
    [TestCase("m=video 0 RTP/AVP 96", "a=sendrecv", Nothing)]
    [TestCase("m=video 0 RTP/AVP 96", "a=bundle-only", Picture)]
    [TestCase("m=video 0 RTP/AVP 96", "a=Bundle-Only:1", Picture)]
    [TestCase("m=video 0 RTP/AVP 96", "a=bundle-only\r\na=recvonly", Nothing)]
    [TestCase("m=video 00 RTP/AVP 96", "", Picture)]
    [TestCase("m=video +0 RTP/AVP 96", "", Picture)]
    [TestCase("m=video 0/2 RTP/AVP 96", "", Picture)]
    [TestCase("m=video  0 RTP/AVP 96", "", Picture)]
    [TestCase("m=video 10 0 RTP/AVP 96", "", Picture)]
    [TestCase("m=video", "", Picture)]
    public void Port_zero_rejects_a_section_that_has_no_other_port(string section, string attribute, MediaTypes sent) =>
        Assert.That(SentBy($"v=0\r\n{section}\r\na=mid:1\r\n{attribute}{(attribute is "" ? "" : "\r\n")}"), Is.EqualTo(sent));

    [TestCase("application")]
    [TestCase("text")]
    [TestCase("message")]
    [TestCase("image")]
    public void Other_sections_send_no_media(string media) =>
        Assert.That(SentBy($"v=0\r\nm={media} 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=sendrecv\r\n"), Is.EqualTo(Nothing));

    [TestCase("v=0\nm=video 9 RTP/AVP 96\na=recvonly\nm=audio 9 RTP/AVP 0\n", Sound)]
    [TestCase("v=0\r\nm=video 9 RTP/AVP 96\na=recvonly\r\nm=audio 9 RTP/AVP 0", Sound)]
    [TestCase("v=0\r\nm=video 9 RTP/AVP 96\r\na=recvonly", Nothing)]
    [TestCase("v=0\r\ns= \r\nm=audio 9 RTP/AVP 0\r\n", Sound)]
    [TestCase("m=video 9 RTP/AVP 96", Picture)]
    [TestCase("m=VIDEO 9 RTP/AVP 96\r\n", Picture)]
    [TestCase("m=Audio 9 RTP/AVP 96\r\n", Sound)]
    [TestCase("m=videos 9 RTP/AVP 96\r\n", Picture)]
    [TestCase("m=video 9 RTP/AVP 96\r\na=recvonly\r\nm=video 9 RTP/AVP 96\r\n", Picture)]
    [TestCase("m=audio 9 RTP/AVP 0\r\na=sendrecv\r\nm=video 9 RTP/AVP 96\r\na=recvonly\r\nm=application 9 x y\r\na=sendrecv\r\n", Sound)]
    public void Line_ends_and_letters_do_not_matter(string sdp, MediaTypes sent) => Assert.That(SentBy(sdp), Is.EqualTo(sent));

    [TestCase("a=recvonly\r\na=sendrecv")]
    [TestCase("a=sendrecv\r\na=recvonly")]
    [TestCase("a=recvonly\r\na=SendOnly")]
    [TestCase("a=recvonly\r\na=sendrecv:1")]
    [TestCase("a=recvonly\r\na=sendonly 1")]
    [TestCase("a=Recvonly")]
    [TestCase("a=recvonly ")]
    [TestCase("a=recvonly:0")]
    [TestCase("a=x:recvonly")]
    [TestCase("i=recvonly")]
    public void A_direction_that_some_read_otherwise_does_not_count(string lines) =>
        Assert.That(SentBy($"v=0\r\nm=video 9 RTP/AVP 96\r\n{lines}\r\n"), Is.EqualTo(Picture));

    [TestCase("a=x\ra=recvonly\r\n")]
    [TestCase("a=recvonly\r")]
    [TestCase("a=recvonly\r\r\n")]
    [TestCase("\r\na=recvonly\r\n")]
    [TestCase(" a=recvonly\r\n")]
    [TestCase("\ta=recvonly\r\n")]
    [TestCase("A=recvonly\r\n")]
    [TestCase("a =recvonly\r\n")]
    [TestCase("a= recvonly\r\n")]
    [TestCase("a=recvonly\r\na=sendrecv\0\r\n")]
    [TestCase("a=recvonly\0\r\n")]
    [TestCase("a=recvonly\r\n M=application 9 x y\r\na=sendrecv\r\n")]
    [TestCase("a=recvonly\r\nM=application 9 x y\r\na=sendrecv\r\n")]
    [TestCase("a=recvonly\r\nm= application 9 x y\r\na=sendrecv\r\n")]
    [TestCase("a=recvonly\r\na=x\u2028a=sendrecv\r\n")]
    [TestCase("a=recvonly\r\na=x\u0085a=sendrecv\r\n")]
    [TestCase("a=recvonly\r\nnonsense\r\n")]
    [TestCase("a=recvonly\r\n=\r\n")]
    public void Where_lines_can_be_read_in_more_than_one_way_all_is_sent(string lines) =>
        Assert.That(SentBy($"v=0\r\nm=video 9 RTP/AVP 96\r\n{lines}"), Is.EqualTo(Both));

    [TestCase(" m=video 9 RTP/AVP 96\r\n")]
    [TestCase("v=0\r\n\tm=video 9 RTP/AVP 96\r\n")]
    [TestCase("v=0\rm=video 9 RTP/AVP 96\r")]
    [TestCase("v=0\r\nM=video 9 RTP/AVP 96\r\n")]
    [TestCase("v=0\u2028m=video 9 RTP/AVP 96")]
    [TestCase("\uFEFFm=video 9 RTP/AVP 96")]
    [TestCase("v=0\vm=video 9 RTP/AVP 96")]
    [TestCase("v=0\r\nm=\tvideo 9 RTP/AVP 96\r\n")]
    [TestCase("v=0\r\nm=video\t9 RTP/AVP 96\r\na=recvonly\r\n")]
    [TestCase("v=0\r\ns=caf\u00e9\r\nm=audio 9 RTP/AVP 0\r\na=recvonly\r\n")]
    public void What_only_a_lenient_reader_takes_for_a_section_is_one(string sdp) => Assert.That(SentBy(sdp), Is.EqualTo(Both));

    [TestCase("")]
    [TestCase("\r\n")]
    [TestCase("v=0")]
    [TestCase("no description, m=video or not")]
    [TestCase("from=video")]
    [TestCase("candidate:1 1 udp 1 192.0.2.1 9 typ host")]
    [TestCase("v=0\r\na=m=video 9\r\n")]
    public void What_has_no_section_sends_nothing(string text) => Assert.That(SentBy(text), Is.EqualTo(Nothing));

    private static MediaTypes SentBy(string sdp) => SdpMedia.SentBy(Encoding.UTF8.GetBytes(sdp));
}
