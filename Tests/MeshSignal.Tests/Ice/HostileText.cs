using System.Globalization;
using System.Text;

namespace MeshSignal.Tests.Ice;

/// <summary>
/// Messages of clients who try to tell each other addresses that are no relay's: what browsers and libraries send, with an address anywhere in it,
/// and damaged in every way that might have a filter read it in one way and a receiver in another. The same seed makes the same message.
/// </summary>
internal sealed class HostileText
{
    private const string Odd =
        "\t\0\r\n \u00a0\u00ad\u200b\u2028\u2029\u0085\v\f"
        + "\u0661\u06f1\uff11\uff0e\u3002\u2024\uff1a\u0455\u0130\u017f\u212a\ufeff\\\"/:.,;=%[]{}@#-+~^`\u007f\u0001";

    // With a value each, as browsers write them.
    private static readonly string[] Attributes =
    [
        "group:BUNDLE 0 1", "extmap-allow-mixed", "msid-semantic: WMS", "ice-options:trickle renomination", "ice-ufrag:Qh7d",
        "ice-pwd:0x4KkTe1mJqYb8ZsWn2LrGvC",
        "ice-lite", "ice-pacing:50", "fingerprint:sha-1 0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D", "tls-id:91bbf309c0990a6bec11e38ba2933cee",
        "setup:actpass", "mid:0", "extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid", "sendrecv", "sendonly", "recvonly", "inactive", "msid:stream track",
        "rtcp-mux",
        "rtcp-mux-only", "rtcp-rsize", "rtcp-xr:rcvr-rtt=all:10000", "rtpmap:111 opus/48000/2", "fmtp:111 minptime=10;useinbandfec=1", "rtcp-fb:96 nack pli",
        "ssrc:2231 cname:b1nOmZ", "ssrc-group:FID 2231 2232", "sctp-port:5000", "sctpmap:5000 webrtc-datachannel 1024", "max-message-size:262144",
        "rid:hi send",
        "simulcast:send hi;lo", "bundle-only", "ptime:20", "maxptime:60", "imageattr:97 send [x=800]", "framerate:30", "end-of-candidates",
        "rtcp:9 IN IP4 0.0.0.0",
        "rtcp:{0} IN IP4 {1}", "remote-candidates:1 {1} {0}", "source-filter: incl IN IP4 * {1}", "x-candidate-info:{1}",
        "altc:1 IP4 {1} {0}", "candidate", "Rtcp:9 IN IP4 {1}",
    ];

    private readonly Random _random;
    private readonly double _malice;
    private readonly double _escapes;

    public HostileText(int seed)
    {
        _random = new Random(seed);

        // Some do nothing odd, so that the filter has something to pass; some so much that nothing of it can be understood.
        _malice = Pick(0, 0.01, 0.03, 0.1, 0.3);
        _escapes = Pick(0, 0, 0, 0.02, 1);
    }

    /// <summary>What a relay may have in <see cref="Message"/>; everything else is an address that may not be told.</summary>
    public static IReadOnlyList<string> RelayRanges { get; } = ["198.51.100.0/28", "2001:db8:7::/64"];

    /// <summary>A whole message, mostly of a form that the server reads.</summary>
    public byte[] Message()
    {
        var (type, payload) = _random.Next(4) switch
        {
            0 => ("offer", Description("offer")),
            1 => ("answer", Description("answer")),
            2 => ("candidate", Candidate()),
            _ => ("signal", Signal()),
        };
        var wireType = type == "candidate" ? "webrtc-ice-candidate" : $"webrtc-{type}";
        var message = Object(("type", Text(wireType)), ("token", Text("t0k3n")), ("targetUsername", Text("bob")), (type, payload));
        return Encoding.UTF8.GetBytes(Strikes(0.1) ? Damage(message) : message);
    }

    private string Description(string type)
    {
        var sdp = Text(Sdp());
        return _random.Next(6) switch
        {
            0 => sdp,
            1 when Strikes() => Signal(),
            _ => Object(("type", Text(Strikes() ? Pick("offer", "answer", "pranswer", "rollback", "Offer") : type)), ("sdp", Strikes(0.2) ? Stranger() : sdp)),
        };
    }

    private string Signal() => _random.Next(8) switch
    {
        0 => Object(("type", Text("renegotiate")), ("renegotiate", Strikes() ? Stranger() : "true")),
        1 => Object(
            ("type", Text("transceiverRequest")),
            ("transceiverRequest", Object(("kind", Text(Pick("audio", "video"))), ("init", Object(("direction", Text("sendrecv"))))))),
        2 or 3 => Candidate(),
        _ => Description(Pick("offer", "answer")),
    };

    private string Candidate() => _random.Next(12) switch
    {
        0 or 1 => Text(Line()),
        2 when Strikes() => Pick("null", "\"\"", "[]", "1", "true", Stranger()),
        3 => Object(("type", Text("candidate")), ("candidate", CandidateInit())),
        4 => Object(("candidate", Strikes() ? Object(("candidate", CandidateInit())) : CandidateInit())),
        5 => Spread(),
        6 => Object(("type", Text("candidate")), ("candidate", Text(Line()))),
        _ => CandidateInit(),
    };

    private string CandidateInit() => Object(
        ("candidate", Strikes(0.1) ? Pick("null", "\"\"", Stranger()) : Text(Line())),
        ("sdpMid", Strikes() ? Pick(Text(Address()), "null", Text(Damage("0")), Stranger()) : Text(Pick("0", "1", "audio"))),
        ("sdpMLineIndex", Strikes() ? Pick("null", "1024", "-1", "1.0", "\"0\"", "1e0", Text(Address())) : Pick("0", "1")),
        ("usernameFragment", Strikes() ? Pick("null", Text(Address()), Text(Damage("Qh7d")), Stranger()) : Text("Qh7d")));

    /// <summary>All that the browser's own object has.</summary>
    private string Spread() => Object(
        ("candidate", Text(Line())), ("sdpMid", Text("0")), ("sdpMLineIndex", "0"), ("foundation", Text("1")), ("component", Text("rtp")),
        ("priority", "41885439"),
        ("address", Text(Address())), ("protocol", Text("udp")), ("port", "50000"),
        ("type", Text(Pick("host", "srflx", "relay", "candidate"))), ("tcpType", "null"),
        ("relatedAddress", Text(Address())), ("relatedPort", "50001"), ("usernameFragment", Text("Qh7d")), ("url", Text($"turn:{Address()}")));

    /// <summary>A candidate, two times out of three a relay's.</summary>
    private string Line()
    {
        var isRelay = _random.Next(3) > 0 && !Strikes();
        List<string> fields =
        [
            $"candidate:{_random.Next()}", Strikes() ? Pick("0", "257", "1.1", "١") : "1", Strikes() ? Pick("tcp", "UDP", "ssltcp", "TLS") : "udp",
            Strikes() ? Pick("0", "99999999999", "-1") : "41885439",
            isRelay && !Strikes() ? Relay() : Address(), Strikes() ? Pick("0", "65536", "9") : "50000", "typ",
            isRelay ? "relay" : Pick("host", "srflx", "prflx", "relayx", "RELAY", "relay"),
        ];
        if (_random.Next(4) > 0)
            fields.AddRange(["raddr", Address(), "rport", "50001"]);
        if (Strikes())
            fields.AddRange([Pick("tcptype", "typ", "raddr", "x-real", Address()), Pick("active", "passive", "so", "host", Address())]);
        if (_random.Next(2) > 0)
            fields.AddRange(["generation", Strikes() ? Address() : "0", "ufrag", Strikes() ? Address() : "Qh7d"]);
        if (_random.Next(2) > 0)
            fields.AddRange(["network-id", Strikes() ? Address() : "3", "network-cost", "10"]);
        for (var change = 0; change < 5 && Strikes(); change++)
        {
            var other = fields[_random.Next(fields.Count)];
            fields[_random.Next(fields.Count)] = Pick(Address(), Damage(other), other.ToUpperInvariant(), "");
        }

        var line = string.Join(Strikes(0.3) ? Pick("  ", "\t", "\u00a0", "\n") : " ", fields);
        line = Strikes() ? Pick($"a={line}", $"{line}\r\n", $" {line}", $"{line}{Pick("\r\na=", "\n", "\r", "\u2028", "\0")}{HostLine()}") : line;
        return Strikes(0.5) ? Damage(line) : line;
    }

    private string HostLine() => $"candidate:1 1 udp 2122260223 {Address()} 54400 typ host";

    private string Sdp()
    {
        var lines = _random.Next(4) == 0 ? Video() : Data();
        for (var change = 0; change < 10 && Strikes(3); change++)
            Tamper(lines);
        var sdp = string.Concat(lines.Select(line => line + LineEnd()));
        return Strikes(0.5) ? Damage(sdp) : sdp;
    }

    private string LineEnd() => Strikes(0.1) ? Pick("\n", "\r", "\n\r", "\r\r\n", "\u2028", "\n\n", "") : "\r\n";

    private void Tamper(List<string> lines)
    {
        var at = _random.Next(lines.Count + 1);
        var other = _random.Next(lines.Count);
        switch (_random.Next(9))
        {
            case 0:
                lines.Insert(at, $"{(char)_random.Next('a', 'z' + 1)}={Pick(Address(), $"IN IP4 {Address()}", $"audio 9 {Address()}")}");
                break;
            case 1 or 2:
                lines.Insert(at, Attribute());
                break;
            case 3:
                lines.Insert(at, $"{Pick("a=", "A=", "a= ")}{(Strikes() ? Line().ToUpperInvariant() : Line())}");
                break;
            case 4:
                lines[other] = Damage(lines[other]);
                break;
            case 5 or 6:
                var fields = lines[other].Split(' ');
                fields[_random.Next(fields.Length)] += Pick(Address(), $":{Address()}", $"={Address()}", $";x={Address()}");
                lines[other] = string.Join(' ', fields);
                break;
            case 7:
                (lines[0], lines[other]) = Strikes() ? (lines[other], lines[0]) : (lines[0], lines[^1]);
                break;
            default:
                lines.RemoveRange(other, _random.Next(Math.Min(4, lines.Count - other)));
                break;
        }

        lines.Add("a=ptime:20"); // Never empty.
    }

    private string Attribute()
    {
        var attribute = string.Format(CultureInfo.InvariantCulture, Pick(Attributes), _random.Next(70_000), Address());
        return "a=" + (Strikes(3) ? attribute + Pick(" ", ":", "=", "/", "") + Address() : attribute);
    }

    /// <summary>A data channel, with its candidates in it.</summary>
    private List<string> Data() =>
    [
        .. Session(), "m=application 50000 UDP/DTLS/SCTP webrtc-datachannel", $"c=IN IP4 {Address()}", .. Candidates(), .. Transport("0"),
        "a=sctp-port:5000", "a=max-message-size:262144", .. _random.Next(2) == 0 ? (string[])[] : ["a=end-of-candidates"],
    ];

    /// <summary>Audio and video as browsers offer them, about 3 KB.</summary>
    private List<string> Video() =>
    [
        .. Session(), "a=extmap-allow-mixed", "a=msid-semantic: WMS c2f0", "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126", $"c=IN IP4 {Address()}",
        $"a=rtcp:50001 IN IP4 {Address()}", .. Transport("0"), .. Candidates(), "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", "a=sendrecv", "a=msid:c2f0 4a1e", "a=rtcp-mux", "a=rtcp-rsize",
        "a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc", "a=fmtp:111 minptime=10;useinbandfec=1", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111",
        "a=rtpmap:9 G722/8000", "a=rtpmap:126 telephone-event/8000", "a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6", "m=video 0 UDP/TLS/RTP/SAVPF 96 97 102 45",
        "c=IN IP6 ::", "b=AS:2000", .. Transport("1"),
        .. Enumerable.Range(1, 14).Select(static id => $"a=extmap:{id} urn:ietf:params:rtp-hdrext:sdes:made-up-{id}"),
        "a=sendonly", .. ((string[])["96 VP8", "97 rtx", "102 H264", "45 AV1"]).SelectMany(static codec => Codec(codec.Split(' '))),
        "a=rid:hi send", "a=rid:lo send", "a=simulcast:send hi;lo", "a=ssrc-group:FID 2231627014 632943048", "a=ssrc:2231627014 cname:4TOk42mSjXCkVIa6",
    ];

    private static string[] Codec(string[] codec) =>
    [
        $"a=rtpmap:{codec[0]} {codec[1]}/90000", $"a=rtcp-fb:{codec[0]} goog-remb", $"a=rtcp-fb:{codec[0]} transport-cc", $"a=rtcp-fb:{codec[0]} ccm fir",
        $"a=rtcp-fb:{codec[0]} nack", $"a=rtcp-fb:{codec[0]} nack pli",
        $"a=fmtp:{codec[0]} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
    ];

    private string[] Session() => ["v=0", $"o=- {_random.NextInt64()} 2 IN IP4 {Address()}", "s=-", "t=0 0", "a=group:BUNDLE 0 1"];

    private string[] Candidates() => [.. Enumerable.Range(0, _random.Next(4)).Select(_ => $"a={Line()}")];

    private static string[] Transport(string mid) =>
    [
        "a=ice-ufrag:Qh7d", "a=ice-pwd:0x4KkTe1mJqYb8ZsWn2LrGvC", "a=ice-options:trickle",
        "a=fingerprint:sha-256 5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F:D2:FA:0E:C3:22:59",
        "a=setup:actpass", $"a=mid:{mid}",
    ];

    private string Relay() => Pick($"198.51.100.{_random.Next(16)}", $"2001:db8:7::{_random.Next(1, 9999)}");

    /// <summary>Mostly one that must not be told, or something that is nearly one.</summary>
    private string Address()
    {
        var host = _random.Next(1, 255);
        var address = _random.Next(16) switch
        {
            0 or 1 => $"192.168.1.{host}",
            2 or 3 => $"203.0.113.{host}",
            4 => $"2001:db8:ffff::{host:x}",
            5 => $"FE80:0:0:0:{host:X}:1:2:3",
            6 => $"::ffff:10.0.0.{host}",
            7 => $"64:ff9b::192.0.2.{host}",
            8 => $"{host:x8}-7f6b-4a35-9b8a-0b7c6d5e4f3a.local",
            9 => $"laptop-{host}.LOCAL.",
            10 => Relay(),
            11 => Pick("0.0.0.0", "::", "127.0.0.1", "::1", "relay.turn.example"),
            12 => Pick($"fe80::{host:x}%eth0", $"[2001:db8:7::{host}]:9", $"010.0.0.{host}", $"0xc0.168.1.{host}", "3232235783", "10.1"),
            13 => $"198.51.100.{host}",
            14 => $"2001:db8:{host:x}::7",
            _ => $"{host:x}::{host:x}:10.9.8.7",
        };
        return Strikes(0.5) ? Pick("1", "f", ".", ":", "x", "@") + address + Pick("", "1", "f", ".", ":", ".1") : address;
    }

    /// <summary>Something else than belongs there, with an address in it.</summary>
    private string Stranger() => Pick($"[{Text(Address())}]", $"{{\"address\":{Text(Address())}}}", Text(Address()), "null", "true", "1.5", "{}");

    /// <summary>A change that knows nothing of what it changes.</summary>
    private string Damage(string text)
    {
        var at = _random.Next(text.Length + 1);
        var length = _random.Next(Math.Min(20, text.Length - at) + 1);
        return _random.Next(7) switch
        {
            0 => text[..at],
            1 => text[..at] + text[(at + length)..],
            2 => text[..(at + length)] + text[at..],
            3 => text[..at] + Address() + text[at..],
            4 => text[..at] + text.Substring(at, length).ToUpperInvariant() + text[(at + length)..],
            _ => text[..at] + Odd[_random.Next(Odd.Length)] + text[at..],
        };
    }

    /// <summary>An object, sometimes with a member too much, too little, or twice.</summary>
    private string Object(params (string Name, string Value)[] members)
    {
        var list = members.ToList();
        if (Strikes())
            list.Insert(_random.Next(list.Count + 1), (Pick("ip", "address", "candidate", "Candidate", "sdp", "type", Address()), Stranger()));
        if (Strikes(0.2))
            list.Add(list[_random.Next(list.Count)]);
        if (Strikes(0.3))
            list.RemoveAt(_random.Next(list.Count));
        if (Strikes())
            list.Reverse();
        return $"{{{string.Join(Strikes() ? " ,\n" : ",", list.Select(member => $"{Text(member.Name)}:{member.Value}"))}}}";
    }

    /// <summary>A JSON string, with as many needless escapes as this message has.</summary>
    private string Text(string text)
    {
        var json = new StringBuilder("\"", text.Length + 16);
        foreach (var character in text)
        {
            if (character is '\r' or '\n' && _escapes == 0)
                json.Append(character == '\r' ? "\\r" : "\\n");
            else if (character is '"' or '\\' or < ' ' || (_escapes > 0 && _random.NextDouble() < _escapes))
                json.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else
                json.Append(character);
        }

        return json.Append(Strikes(0.02) ? "\\ud800\"" : "\"").ToString();
    }

    private bool Strikes(double share = 1) => _malice > 0 && _random.NextDouble() < _malice * share;

    private T Pick<T>(params ReadOnlySpan<T> choices) => choices[_random.Next(choices.Length)];
}
