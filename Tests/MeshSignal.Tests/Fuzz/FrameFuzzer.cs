using System.Text;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Fuzz;

/// <summary>How a client goes away whose bytes end within a message.</summary>
internal enum FrameEnding
{
    HalfClose,
    Reset,
}

/// <summary>All that one client writes.</summary>
/// <param name="Head">The HTTP request; a char is a byte.</param>
/// <param name="Pieces">What is behind it, as it is cut.</param>
/// <param name="IsEager">The client does not wait for the 101.</param>
internal sealed record FrameSequence(string Head, IReadOnlyList<byte[]> Pieces, FrameEnding End, bool IsEager)
{
    public byte[] Bytes => [.. Pieces.SelectMany(piece => piece)];
}

/// <summary>Connections as no library would make them, the same ones for the same seed.</summary>
internal sealed class FrameFuzzer(int seed)
{
    public const string V1Head = LegacyHead + "Sec-WebSocket-Protocol: meshsignal.v1\r\n";
    public const string LegacyHead =
        "GET /?chat=off HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

    private const string PingJson = """{"type":"ping"}""";

    private static readonly string[] RequestLines =
    [
        "GET /ws HTTP/1.1", "GET /?username=ab HTTP/1.1", "GET /?username=admin HTTP/1.1", "GET /?username=%00%ff%zz HTTP/1.1", "GET /?room=..%2F HTTP/1.1",
        "GET /?chat=perhaps HTTP/1.1",
        "GET /?username=a&username=b&room=&room=x HTTP/1.1", "GET // HTTP/1.1", "GET /%2e%2e/ws HTTP/1.1", "GET /%00 HTTP/1.1",
        "GET http://localhost/ HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1",
        "CONNECT localhost:80 HTTP/1.1", "HEAD / HTTP/1.1", "POST / HTTP/1.1", "PRI * HTTP/2.0", "GET / HTTP/1.0", "GET / HTTP/0.9", "GET / HTTP/1.2",
        "GET /", "get / http/1.1", "GET  /  HTTP/1.1",
        "GET /?#\u0001 HTTP/1.1", "GET /?%E2%80%AE HTTP/1.1", "\u0016\u0003\u0001\u0002\u0000\u0001", "", " ", "GET /server-info HTTP/1.1",
        "GET /health/live HTTP/1.1",
    ];

    private static readonly string[] Fields =
    [
        "Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 13, 8", "Sec-WebSocket-Key: AAAA", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: resume.1.2",
        "Sec-WebSocket-Protocol: meshsignal.v1, resume.0000000000000000000000000000000000000000000000000000000000000000.99999999999",
        "Sec-WebSocket-Protocol: meshsignal.v1, resume.0000000000000000000000000000000000000000000000000000000000000000.9999999999",
        "Sec-WebSocket-Protocol: meshsignal.v1, release.0000000000000000000000000000000000000000000000000000000000000000", "Sec-WebSocket-Protocol: ,,,",
        "Sec-WebSocket-Protocol: MESHSIGNAL.V1",
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99", "Sec-WebSocket-Extensions: ;;;", "Content-Length: 5", "Content-Length: -1",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: chunked", "Transfer-Encoding: chunked, chunked", "Expect: 100-continue", "Connection: close",
        "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__",
        "Host: a\0b", "Host: [::1", "Host:", " folded: yes", "No colon", ": no name", "X-Bell: \a", "X-High: \u00FF\u0080", "Cookie: a=b\rc", "Origin: null",
        "Upgrade: websocket",
    ];

    private static readonly byte[][] NoUtf8 =
        [[0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xFE], [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xF0, 0x9F]];

    private static readonly ulong[] Lengths =
        [65_536, 65_537, 70_000, 1UL << 31, 1UL << 32, (1UL << 62) + 1, long.MaxValue - 1, long.MaxValue, 1UL << 63, ulong.MaxValue, 125];

    private static readonly int[] CloseCodes =
    [
        0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015,
        1016, 1100, 2000, 2999, 3000, 3999, 4000, 4040, 4501, 4999, 5000, 65535,
    ];

    private readonly Random _random = new(seed);
    private readonly MessageFuzzer _messages = new(seed);

    public FrameSequence Next()
    {
        var bytes = new List<byte>();
        for (var left = _random.Next(3); left > 0; left--)
            bytes.AddRange(Lawful());
        if (Chance(90))
            bytes.AddRange(Unlawful());
        for (var left = _random.Next(3); left > 0; left--)
            bytes.AddRange(Chance(80) ? Lawful() : Unlawful());
        byte[] all = [.. bytes];
        if (Chance(8))
            all = all[.._random.Next(all.Length + 1)];
        if (Chance(8) && all.Length > 0)
            all[_random.Next(Math.Min(all.Length, 200))] ^= (byte)(1 << _random.Next(8));

        var head = Chance(50) ? V1Head : LegacyHead;
        return new FrameSequence(Chance(15) ? Broken(head) : $"{head}\r\n", Cut(all), Chance(50) ? FrameEnding.HalfClose : FrameEnding.Reset, Chance(15));
    }

    private byte[] Lawful() => _random.Next(7) switch
    {
        0 => Frame(Ping, Bytes(_random.Next(126)), mask: Bytes(4)),
        1 => Frame(Pong, Bytes(_random.Next(126)), mask: Bytes(4)),
        2 => InFragments(Encoding.UTF8.GetBytes(PingJson), _random.Next(2, 64)),
        3 => InFragments("{\"type\":\"ping\",\"x\":\"äß€𝄞\"}"u8.ToArray(), _random.Next(2, 9)),
        4 => Frame(Text, ""),
        5 => Frame(Text, Encoding.UTF8.GetBytes(_messages.Next()), mask: Bytes(4)),
        _ => Frame(Text, Encoding.UTF8.GetBytes(PingJson), mask: Bytes(4)),
    };

    private byte[] Unlawful() => _random.Next(19) switch
    {
        0 => Frame(Pick([Text, Ping, Close, Continuation]), PingJsonBytes, reserved: 0x10 << _random.Next(3)),
        1 => Frame(Pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), PingJsonBytes),
        2 => Frame(Pick([Text, Ping, Close]), PingJsonBytes, isMasked: false),
        3 => Frame(Text, PingJsonBytes, form: Chance(50) ? LengthForm.Bits16 : LengthForm.Bits64),
        4 => [.. Header(Chance(60) ? Text : Pick([Continuation, Binary, Ping]), Pick(Lengths), Chance(70), form: LengthForm.Bits64), .. Bytes(20)],
        5 => Frame(Pick([Close, Ping, Pong]), Bytes(_random.Next(10)), isFinal: false),
        6 => Frame(Pick([Close, Ping, Pong]), Bytes(_random.Next(126, 300))),
        7 => Frame(Continuation, PingJsonBytes, isFinal: Chance(50)),
        8 => [.. Frame(Text, "{", isFinal: false), .. Frame(Text, PingJsonBytes)],
        9 => Frame(Binary, Bytes(_random.Next(20)), isFinal: Chance(70)),
        10 => Frame(Text, [.. "{\""u8, .. Pick(NoUtf8), .. "\":1}"u8], isFinal: Chance(70)),
        11 => InFragments([.. "{\""u8, .. Pick(NoUtf8), .. "\":1}"u8], _random.Next(2, 9)),
        12 => [.. Frame(Text, [0x20, .. Pick(NoUtf8)], isFinal: false), .. Frame(Ping, ""), .. Frame(Continuation, "")],
        13 => Frame(Close, [(byte)(Pick(CloseCodes) >> 8), (byte)Pick(CloseCodes)]),
        14 => Closing(Pick(CloseCodes), Chance(30) ? Pick(NoUtf8) : Bytes(_random.Next(3))),
        15 => Chance(50) ? Frame(Close, Bytes(1)) : Closing(null),
        16 => [.. Enumerable.Range(0, _random.Next(60, 70)).SelectMany(i => Frame(i == 0 ? Text : Continuation, " ", isFinal: false))],
        17 => [.. Enumerable.Repeat(Frame(Chance(50) ? Ping : Pong, ""), _random.Next(15, 40)).SelectMany(frame => frame)],
        _ => Bytes(_random.Next(1, 200)),
    };

    private static byte[] PingJsonBytes => Encoding.UTF8.GetBytes(PingJson);

    private byte[] InFragments(byte[] payload, int count)
    {
        int[] cuts = [0, .. Enumerable.Range(1, count - 1).Select(_ => _random.Next(payload.Length + 1)).Order(), payload.Length];
        return [.. Enumerable.Range(0, count).SelectMany(i =>
        {
            var fragment = Frame(i == 0 ? Text : Continuation, payload[cuts[i]..cuts[i + 1]], isFinal: i == count - 1, mask: Bytes(4));
            return Chance(5) && i > 0 ? [.. Frame(Pick([Ping, Pong]), Bytes(3)), .. fragment] : fragment;
        })];
    }

    private string Broken(string head)
    {
        var lines = head.Split("\r\n")[..^1].ToList();
        for (var left = _random.Next(1, 3); left > 0; left--)
        {
            var at = _random.Next(lines.Count);
            switch (_random.Next(7))
            {
                case 0:
                    lines[0] = Pick(RequestLines);
                    break;
                case 1 when lines.Count > 1:
                    lines.RemoveAt(at);
                    break;
                case 2:
                    lines.Add(lines[at]);
                    break;
                case 3:
                    lines.Insert(at, $"X-Long: {new string('a', _random.Next(9000))}");
                    break;
                case 4:
                    lines[at] = lines[at].Insert(_random.Next(lines[at].Length + 1), $"{(char)_random.Next(256)}");
                    break;
                default:
                    lines.Insert(_random.Next(1, lines.Count + 1), Pick(Fields));
                    break;
            }
        }

        var text = string.Join(Chance(95) ? "\r\n" : "\n", [.. lines, "", ""]);
        return Chance(10) ? text[.._random.Next(text.Length)] : text;
    }

    private byte[][] Cut(byte[] bytes)
    {
        // Byte by byte only what is short: each is a system call.
        var count = bytes.Length is > 0 and < 200 && Chance(5) ? bytes.Length : Chance(40) ? 1 : _random.Next(1, 6);
        int[] cuts = [0, .. Enumerable.Range(1, count - 1).Select(i => count == bytes.Length ? i : _random.Next(bytes.Length + 1)).Order(), bytes.Length];
        return [.. cuts.Zip(cuts[1..], (start, end) => bytes[start..end])];
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private bool Chance(int percent) => _random.Next(100) < percent;

    private T Pick<T>(T[] from) => from[_random.Next(from.Length)];
}
