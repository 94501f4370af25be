using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MeshSignal.Bench.Load;

/// <summary>A kind of message that peers send each other; the value is JSON, written as browsers write it.</summary>
internal sealed record Shape(string Name, string Type, string Member, string Value)
{
    private const string Line =
        "candidate:842163049 1 udp 1677729535 203.0.113.7 50123 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag EsAw network-cost 999";

    private const string RelayLine =
        "candidate:842163049 1 udp 41885439 198.51.100.3 54609 typ relay raddr 0.0.0.0 rport 0 generation 0 ufrag EsAw network-id 1 network-cost 10";

    public static Shape Candidate { get; } = new(
        "candidate",
        "webrtc-ice-candidate",
        "candidate",
        $$"""{"candidate":"{{Line}}","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw"}""");

    /// <summary>A relay's as a browser sends it: the relay policy has a related address to replace in it, and two extensions to leave out.</summary>
    public static Shape RelayCandidate { get; } = new(
        "candidate",
        "webrtc-ice-candidate",
        "candidate",
        $$"""{"candidate":"{{RelayLine}}","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw"}""");

    public static Shape Offer { get; } = new("offer", "webrtc-offer", "offer", Description("offer", Sdp()));

    public static Shape Answer { get; } = new(
        "answer",
        "webrtc-answer",
        "answer",
        Description("answer", Sdp().Replace("a=setup:actpass", "a=setup:active", StringComparison.Ordinal)));

    public byte[] Message(string token, string target) =>
        Encoding.UTF8.GetBytes($$"""{"type":"{{Type}}","token":"{{token}}","targetUsername":"{{target}}","{{Member}}":{{Value}}}""");

    private static string Description(string type, string sdp) =>
        $$"""{"type":"{{type}}","sdp":"{{JsonEncodedText.Encode(sdp, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}}"}""";

    private static string Sdp()
    {
        using var resource = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("offer.sdp")!);
        return resource.ReadToEnd().ReplaceLineEndings("\r\n");
    }
}
