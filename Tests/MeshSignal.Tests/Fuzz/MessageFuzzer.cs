using System.Globalization;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Fuzz;

/// <summary>
/// Messages along the grammar of the protocol, and what a broken or malicious client could make of them; the same ones for the same seed. What is not known
/// beforehand stands in them as a placeholder: <c>@token@</c>, <c>@escaped-token@</c>, <c>@self@</c>, <c>@stay@</c>, <c>@other@</c>.
/// </summary>
internal sealed class MessageFuzzer(int seed)
{
    /// <summary>An address and a name that must reach nobody in a room that forces relays.</summary>
    public static readonly string[] Secrets = ["203.0.113.77", "fuzzed.local"];

    // Most go to others; who leaves as often as it joins is seldom there to be sent anything.
    private static readonly string[] Types =
    [
        MessageTypes.Ping, MessageTypes.Chat, MessageTypes.Typing, MessageTypes.Join, MessageTypes.Join, MessageTypes.Leave, MessageTypes.MediaChange,
        MessageTypes.IceServers, .. Enumerable.Repeat(MessageTypes.Offer, 4), .. Enumerable.Repeat(MessageTypes.Answer, 4),
        .. Enumerable.Repeat(MessageTypes.IceCandidate, 7), .. Enumerable.Repeat(MessageTypes.Signal, 3),
    ];

    private static readonly string[] OtherTypes =
    [
        "webrtc-nothing", "", "PING", MessageTypes.SessionToken, MessageTypes.Ack, MessageTypes.Draining, "__proto__", "webrtc-", @"\u0070ing",
        @"webrtc-join\u0000",
        @"webrtc-\ud800", @"\ud800", "toString", " ping",
    ];

    private static readonly string[] Tokens =
    [
        "\"\"", "null", "0", "[\"@token@\"]", $"\"{new string('0', 64)}\"", "\"@token@0\"", "\" @token@\"", @"""\ud800""", @"""\u0000""",
        "{\"token\":\"@token@\"}",
    ];

    private static readonly string[] Ids =
    [
        "7", "0", "-0", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "1.0", "1e2", "1e999", "\"a\"", "\"\"", @"""\u0000""",
        @"""\ud83d\ude00""", "\"\u202E\"", "\"__proto__\"", $"\"{new string('i', 64)}\"", $"\"{new string('i', 65)}\"", "true", "null", "[]", "{}",
        @"""\ud800""", "\"7\"",
        @"""\""\\\/<\u2028""",
    ];

    private static readonly string[] Names =
        ["nobody", "", "__proto__", "constructor", "hasOwnProperty", @"\u0000", @"\ud800", "\u202E", "system", "a", "@self@", "@self@ "];

    private static readonly string[] Stays = ["\"0123456789abcdef\"", "\"@stay@\"", "\"0123456789ABCDEF\"", "\"\"", "5", "null", @"""\ud800"""];

    private static readonly string[] Rooms = ["\"annex\"", "\"annex\"", "\"\"", "\"../..\"", "\"__proto__\"", "null", "5", "[]", @"""\u0000""", @"""\ud800"""];

    private static readonly string[] Media =
    [
        """["audio"]""", """["audio","video","screen"]""", "[]", """["audio","audio"]""", """["smell"]""", """["AUDIO"]""", "[null]", "[5]", """[["audio"]]""",
        "\"audio\"", "null", "{}", @"[""\u0061udio""]", @"[""\ud800""]", """["audio","__proto__"]""",
    ];

    private static readonly string[] Counts =
        ["0", "1", "3", "-1", "-0", "1.0", "1e1", "1e999", "1000000", "9223372036854775807", "9223372036854775808", "\"1\"", "null", "[]", "true"];

    private static readonly string[] Lines =
    [
        "hello", "", " ", "/", "/ ", "/help", "/list", "/nick", "/nick ab", "/nick @other@", "/nick __proto__", "/block @other@", "/block @self@", "/block",
        "/unblock @other@",
        "/unblock nobody", "/kick @other@", "/ban x", "/banana", "/login secret", "/register a b", @"/help\u0000", @"\ud800", @"\u0000", "\u202Eevil",
        @"\u0007\u001b[31m", "\uFEFF/help",
        "<script>alert(1)</script>", @"\r\n\r\nHTTP/1.1 200 OK",
    ];

    private static readonly string[] Sdps =
    [
        "v=0", "", @"v=0\r\no=- 1 2 IN IP4 203.0.113.77\r\ns=fuzzed.local\r\nc=IN IP4 203.0.113.77\r\nt=0 0\r\nm=audio 50000 UDP/TLS/RTP/SAVPF 111\r\n",
        @"v=0\na=candidate:1 1 udp 1 203.0.113.77 9 typ host\na=end-of-candidates\n", @"v=0\r\na=x-google-flag:203.0.113.77\r\n", @"m=\r\n=\r\n\r\na=\r\n",
        @"v=0\r\no=- 1 2 IN IP4 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtcp:9 IN IP4 203.0.113.77\r\n",
        @"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=candidate:1 1 udp 1 198.51.100.3 9 typ relay raddr 203.0.113.77 rport 1\r\n",
        @"v=0\r\na=\u0000203.0.113.77\r\n", @"v=0\r\na=ice-ufrag:\ud800\r\n", "\uFEFFv=0", @"v=0\u2028a=203.0.113.77",
    ];

    private static readonly string[] CandidateLines =
    [
        "candidate:1 1 udp 2122260223 203.0.113.77 50000 typ host", "candidate:2 1 udp 1 fuzzed.local 9 typ host", "", "candidate:",
        "a=candidate:1 1 udp 1 203.0.113.77 9 typ relay",
        "candidate:3 1 udp 1 198.51.100.3 3478 typ relay raddr 203.0.113.77 rport 5",
        "candidate:4 1 tcp 1 198.51.100.4 9 typ relay raddr :: rport 9 tcptype passive",
        @"candidate:5 1 udp 1 198.51.100.3 9 typ relay\r\na=candidate:6 1 udp 1 203.0.113.77 9 typ host",
        "candidate:7 1 udp 99999999999999999999 198.51.100.3 70000 typ relay",
        @"candidate:8\u0000 1 udp 1 203.0.113.77 9 typ host", @"candidate:\ud800", "candidate:9 1 udp 1 ::ffff:203.0.113.77 9 typ relay",
        "\u202Ecandidate:1 1 udp 1 203.0.113.77 9 typ host",
    ];

    private static readonly string[] Odd =
    [
        "null", "true", "false", "0", "-0", "-1", "1.5", "1e999", "-1E400", "1e-999", "123456789012345678901234567890", "\"\"", "[]", "{}", "[[]]",
        @"""\u0000""", @"""\ud800""",
        @"""\udc00\ud800""", @"""\ud83d\ude00""", "\"\u202E\u2066\"", "\"\uFEFF\"", "\"\u2028\"", "\"__proto__\"", """{"__proto__":{"isAdmin":true}}""",
        """{"constructor":{"prototype":{}}}""", """{"a":1,"a":2}""", @"{""\ud800"":1}", "\"\u007F\u0085\"",
    ];

    private static readonly string[] OtherMembers =
    [
        "__proto__", "constructor", "prototype", "toString", "username", "fromUsername", "from", "Type", "TOKEN", "", @"\u0000", @"\ud800", "\u202E",
        "\uFEFFtype", "type ", "$type",
    ];

    private static readonly string[] Scraps =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\0", "\u0001", "\n", "\uFEFF", "\u202E", "\uD800", "//", "/**/", "'", "NaN", "Infinity", "undefined",
        "1e999", "\u00A0", "null",
    ];

    private static readonly string[] NoObjects =
    [
        "", " ", "null", "true", "5", "-", "\"ping\"", "[]", "{", "}", "{}{}", "[{\"type\":\"ping\"}]", "\0", "\uFEFF", "ping", "{\"type\"", "{\"type\":",
        "{\"type\":\"ping\"", "{\"type\":\"ping\"}x", "\"\\",
    ];

    private readonly Random _random = new(seed);

    /// <summary>A message as it should be, after which the others have somebody to go to.</summary>
    public const string Join = """{"type":"webrtc-join","token":"@token@","mediaTypes":["audio"]}""";

    public string Next()
    {
        if (Chance(2))
            return Pick(NoObjects);
        if (Chance(8))
            return Join;

        var type = Chance(6) ? Pick(OtherTypes) : Pick(Types);
        var members = Members(type);
        for (var left = Chance(35) ? _random.Next(1, 4) : 0; left > 0; left--)
            Mutate(members);

        var space = Chance(5) ? Pick([" ", "\t", "\r\n", "\n \n"]) : "";
        var text = $"{{{space}{string.Join($",{space}", members.Select(member => $"\"{member.Name}\"{space}:{space}{member.Value}"))}{space}}}";
        return Chance(10) ? Damage(text) : text;
    }

    private List<(string Name, string Value)> Members(string type)
    {
        var token = Chance(96) ? "\"@token@\"" : Chance(15) ? "\"@escaped-token@\"" : Pick(Tokens);
        List<(string Name, string Value)> members = [("type", $"\"{type}\""), ("token", token)];
        if (Chance(55))
            members.Add(("id", Chance(50) ? _random.Next(1000).ToString(CultureInfo.InvariantCulture) : Chance(50) ? $"\"r{_random.Next(1000)}\"" : Pick(Ids)));
        switch (type)
        {
            case MessageTypes.Ping when Chance(50):
                members.Add(("received", Pick(Counts)));
                break;
            case MessageTypes.Chat:
                var content = Chance(3) ? new string('x', _random.Next(1990, 2010)) : Chance(2) ? new string('€', 1800) : Pick(Lines);
                members.Add(("content", $"\"{content}\""));
                break;
            case MessageTypes.Join:
                AddSometimes(members, 30, "room", Rooms);
                AddSometimes(members, 70, "mediaTypes", Media);
                AddSometimes(members, 20, "previousPeerId", Stays);
                break;
            case MessageTypes.MediaChange:
                members.Add(("mediaTypes", Pick(Media)));
                break;
            case MessageTypes.Offer or MessageTypes.Answer or MessageTypes.IceCandidate or MessageTypes.Signal:
                AddDirected(members, type);
                break;
        }

        return members;
    }

    private void AddDirected(List<(string Name, string Value)> members, string type)
    {
        members.Add(("targetUsername", $"\"{(Chance(80) ? "@other@" : Pick(Names))}\""));
        AddSometimes(members, 10, "targetPeerId", Stays);
        AddSometimes(members, type == MessageTypes.IceCandidate ? 40 : 3, "buffer", ["true", "true", "false", "1", "\"true\"", "null"]);
        members.Add(type switch
        {
            MessageTypes.Offer => ("offer", Description("offer")),
            MessageTypes.Answer => ("answer", Description("answer")),
            MessageTypes.IceCandidate => ("candidate", Candidate()),
            _ => ("signal", Chance(40) ? Description("offer") : Chance(50) ? Candidate() : Pick(Odd)),
        });
    }

    private string Description(string type) => _random.Next(8) switch
    {
        0 => $"\"{Pick(Sdps)}\"",
        1 => Pick(Odd),
        2 => """{"type":"renegotiate","renegotiate":true}""",
        3 => """{"type":"transceiverRequest","transceiverRequest":{"kind":"audio","init":{"direction":"sendrecv"}}}""",
        _ => $"{{\"type\":\"{(Chance(90) ? type : Pick(OtherTypes))}\",\"sdp\":\"{Pick(Sdps)}\"{(Chance(5) ? $",\"{Pick(OtherMembers)}\":{Pick(Odd)}" : "")}}}",
    };

    private string Candidate() => _random.Next(8) switch
    {
        0 => $"\"{Pick(CandidateLines)}\"",
        1 => Pick(Odd),
        2 => "null",
        3 => $$$"""{"type":"candidate","candidate":{"candidate":"{{{Pick(CandidateLines)}}}"}}""",
        _ => $"{{\"candidate\":\"{Pick(CandidateLines)}\",\"sdpMid\":{(Chance(80) ? "\"0\"" : Pick(Odd))},\"sdpMLineIndex\":{(Chance(80) ? "0" : Pick(Odd))}}}",
    };

    private void Mutate(List<(string Name, string Value)> members)
    {
        if (members.Count == 0)
            return;

        var at = _random.Next(members.Count);
        var (name, value) = members[at];
        switch (_random.Next(9))
        {
            case 0:
                members.RemoveAt(at);
                break;
            case 1:
                members.Add((name, Chance(50) ? value : Pick(Odd)));
                break;
            case 2 when name.Length > 0 && name[0] != '\\':
                members.Add(($@"\u{(int)name[0]:x4}{name[1..]}", value));
                break;
            case 3 when name.Length > 0 && name[0] != '\\':
                members[at] = ($@"\u{(int)name[0]:X4}{name[1..]}", value);
                break;
            case 4:
                members[at] = (name, Pick(Odd));
                break;
            case 5:
                members.Add(("deep", Nested(_random.Next(10, 20))));
                break;
            case 6:
                members[at] = (name, Nested(_random.Next(10, 20)));
                break;
            case 7:
                members.Insert(at, (Pick(OtherMembers), Pick(Odd)));
                break;
            default:
                // Around the largest message, seldom: they cost more than all the others together.
                members.Add(("long", $"\"{new string('x', Chance(8) ? _random.Next(64_000, 66_500) : _random.Next(200))}\""));
                break;
        }
    }

    private string Damage(string text)
    {
        var at = _random.Next(text.Length);
        return _random.Next(7) switch
        {
            0 => text[..at],
            1 => text[at..],
            2 => text.Insert(at, Pick(Scraps)),
            3 => text.Remove(at, Math.Min(_random.Next(1, 4), text.Length - at)),
            4 => text + Pick(Scraps),
            5 => Pick(Scraps) + text,
            _ => text.Remove(at, 1).Insert(at, Pick(Scraps)),
        };
    }

    private string Nested(int depth)
    {
        var isArray = Chance(50);
        return isArray ? new string('[', depth) + new string(']', depth) : string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
    }

    private void AddSometimes(List<(string Name, string Value)> members, int percent, string name, string[] values)
    {
        if (Chance(percent))
            members.Add((name, Pick(values)));
    }

    private bool Chance(int percent) => _random.Next(100) < percent;

    private string Pick(string[] from) => from[_random.Next(from.Length)];
}
