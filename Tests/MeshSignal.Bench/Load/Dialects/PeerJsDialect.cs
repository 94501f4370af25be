using System.Text;

namespace MeshSignal.Bench.Load.Dialects;

/// <summary>A client of the PeerJS server. That has no rooms: an application must tell its peers their ids by other means, which cost nothing here.</summary>
internal sealed class PeerJsDialect(string room, int place) : Dialect
{
    public override string Path => $"/peerjs?key=peerjs&id={Id(place)}&token=token&version=1.5.4";

    public override Heard Hear(ReadOnlySpan<byte> utf8)
    {
        if (utf8.StartsWith("{\"type\":\"OPEN\""u8)) return new Heard(Members: [.. Enumerable.Range(0, place).Select(Id)]);

        Shape? signal = utf8.StartsWith("{\"type\":\"CANDIDATE\""u8) ? Shape.Candidate
            : utf8.StartsWith("{\"type\":\"OFFER\""u8) ? Shape.Offer
            : utf8.StartsWith("{\"type\":\"ANSWER\""u8) ? Shape.Answer
            : throw new BenchException($"unexpected: {Encoding.UTF8.GetString(utf8)}");
        return new Heard(Signal: signal, From: Between(utf8, "\"src\":\""u8, "\""u8));
    }

    public override byte[] Write(Shape shape, string to) => Encoding.UTF8.GetBytes(
        $$"""{"type":"{{shape.Name.ToUpperInvariant()}}","payload":{"{{shape.Member}}":{{shape.Value}},"type":"media","connectionId":"mc_{{room}}"},"dst":"{{to}}"}""");

    private string Id(int place) => $"{room}-{place}";
}
