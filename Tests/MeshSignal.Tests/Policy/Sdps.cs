namespace MeshSignal.Tests.Policy;

/// <summary>Descriptions as browsers write them, in small.</summary>
internal static class Sdps
{
    /// <summary>A description with these sections, such as <c>video sendrecv</c>; each with the direction as its own attribute.</summary>
    public static string Of(params string[] sections) => string.Concat(sections.Select(static section => section.Split(' ')).Select(static parts =>
        $"m={parts[0]} 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na={parts[1]}\r\n").Prepend("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"));

    public static string Chromium(string audio, string video) =>
        $"""
        v=0
        o=- 4858251974351650128 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0 1 2
        a=extmap-allow-mixed
        a=msid-semantic: WMS 7d5a3b9c
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=ice-ufrag:x7Kd
        a=ice-pwd:jmVGHZzCuGTeyHzXzS1pT6sv
        a=ice-options:trickle
        a=setup:actpass
        a=mid:0
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a={audio}
        a=msid:7d5a3b9c 51a0
        a=rtcp-mux
        a=rtpmap:111 opus/48000/2
        a=fmtp:111 minptime=10;useinbandfec=1
        a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6
        m=video 9 UDP/TLS/RTP/SAVPF 96 97
        c=IN IP4 0.0.0.0
        a=rtcp:9 IN IP4 0.0.0.0
        a=mid:1
        a={video}
        a=rtcp-mux
        a=rtcp-rsize
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack pli
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        c=IN IP4 0.0.0.0
        a=mid:2
        a=sctp-port:5000

        """.ReplaceLineEndings("\r\n");

    /// <summary>It writes a direction for the whole session, too, and sections but the first share its port.</summary>
    public static string Firefox(string audio, string video) =>
        $"""
        v=0
        o=mozilla...THIS_IS_SDPARTA-99.0 5432109876543210987 0 IN IP4 0.0.0.0
        s=-
        t=0 0
        a=sendrecv
        a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B
        a=group:BUNDLE 0 1
        a=ice-options:trickle
        a=msid-semantic:WMS *
        m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
        c=IN IP4 0.0.0.0
        a={audio}
        a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
        a=mid:0
        a=rtpmap:109 opus/48000/2
        m=video 0 UDP/TLS/RTP/SAVPF 120 124
        c=IN IP4 0.0.0.0
        a=bundle-only
        a={video}
        a=mid:1
        a=rtpmap:120 VP8/90000

        """.ReplaceLineEndings("\r\n");
}
