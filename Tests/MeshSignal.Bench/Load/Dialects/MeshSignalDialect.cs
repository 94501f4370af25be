using System.Text;
using System.Text.Json;

namespace MeshSignal.Bench.Load.Dialects;

/// <summary>A v1 peer.</summary>
internal sealed class MeshSignalDialect(string room, int place) : Dialect
{
    private readonly string _name = $"peer-{place}";
    private string _token = "";

    public override string Path => $"/?username={_name}&room={room}";

    public override string Subprotocol => "meshsignal.v1";

    public override Heard Hear(ReadOnlySpan<byte> utf8)
    {
        if (Is(utf8, "session-token"u8))
        {
            _token = Between(utf8, "\"token\":\""u8, "\""u8);
            return new Heard(Say: Encoding.UTF8.GetBytes($$"""{"type":"webrtc-join","token":"{{_token}}","mediaTypes":["audio","video"]}"""));
        }

        if (Is(utf8, "webrtc-joined"u8))
        {
            using var joined = JsonDocument.Parse(utf8.ToArray());
            var names = joined.RootElement.GetProperty("participants").EnumerateArray().Select(static one => one.GetProperty("username").GetString()!);
            return new Heard(Members: [.. names.Where(name => !string.Equals(name, _name, StringComparison.Ordinal))]);
        }

        if (Is(utf8, "webrtc-error"u8)) throw new BenchException($"an error: {Encoding.UTF8.GetString(utf8)}");
        Shape? signal = Is(utf8, "webrtc-ice-candidate"u8) ? Shape.Candidate : Is(utf8, "webrtc-offer"u8) ? Shape.Offer : Is(utf8, "webrtc-answer"u8) ? Shape.Answer : null;
        return signal is null ? default : new Heard(Signal: signal, From: Between(utf8, "\"fromUsername\":\""u8, "\""u8));
    }

    public override byte[] Write(Shape shape, string to) => shape.Message(_token, to);

    private static bool Is(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> type)
    {
        var start = """{"type":" """.Length - 1;
        return utf8.Length > start && utf8[start..].StartsWith(type);
    }
}
