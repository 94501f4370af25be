using System.Text;
using System.Text.Json;

namespace MeshSignal.Bench.Load.Dialects;

/// <summary>A Socket.IO client of <c>socket-io.mjs</c>: Engine.IO's digit, then Socket.IO's, then an array of the event's name and its arguments.</summary>
internal sealed class SocketIoDialect(string room) : Dialect
{
    public override string Path => "/socket.io/?EIO=4&transport=websocket";

    public override Heard Hear(ReadOnlySpan<byte> utf8)
    {
        if (utf8 is [(byte)'0', ..]) return new Heard(Say: "40"u8.ToArray());
        if (utf8.StartsWith("40"u8)) return new Heard(Say: Encoding.UTF8.GetBytes($"""42["join","{room}"]"""));
        if (utf8 is [(byte)'2']) return new Heard(Say: "3"u8.ToArray());
        if (utf8.StartsWith("42[\"joined\","u8))
        {
            using var members = JsonDocument.Parse(utf8["42".Length..].ToArray());
            return new Heard(Members: [.. members.RootElement[1].EnumerateArray().Select(static id => id.GetString()!)]);
        }

        if (!utf8.StartsWith("42[\"signal\","u8)) throw new BenchException($"unexpected: {Encoding.UTF8.GetString(utf8)}");
        var from = Between(utf8, "42[\"signal\",\""u8, "\""u8);
        var rest = utf8["42[\"signal\",\"\",".Length..][from.Length..];
        var signal = rest.StartsWith("{\"candidate\""u8) ? Shape.Candidate : rest.StartsWith("{\"offer\""u8) ? Shape.Offer : Shape.Answer;
        return new Heard(Signal: signal, From: from);
    }

    public override byte[] Write(Shape shape, string to) => Encoding.UTF8.GetBytes($$"""42["signal","{{to}}",{"{{shape.Member}}":{{shape.Value}}}]""");
}
