using System.Net;
using System.Text;
using System.Text.Json;

namespace MeshSignal.Bench.Load.Abuse;

/// <summary>Sends whatever there is to send, as fast as its socket takes it, and reads all that it gets for it.</summary>
/// <param name="copy">For those who do the same beside it, from another address each.</param>
internal sealed class Flooder(IPEndPoint server, int copy = 0) : Abuser("flood", 1, PauseOfOneAddress, Loopback.ForAbuser(1 + (copy * MostKinds)), 4029)
{
    // In one write.
    private const int Rounds = 16;

    private long _sent;
    private long _refused;
    private long _heard;

    protected override string Deeds =>
        $"{Interlocked.Read(ref _sent)} messages sent, {Interlocked.Read(ref _refused)} of them refused, {Interlocked.Read(ref _heard)} relayed";

    protected override async Task<int> AbuseAsync(int number, string alias, CancellationToken cancel)
    {
        using var audience = new LightPeer(server, $"{alias}-a", alias, hasChat: true) { Received = Hear, From = From };
        using var peer = new LightPeer(server, alias, alias, hasChat: true) { Received = CountRefused, From = From };
        foreach (var one in new[] { audience, peer })
        {
            await one.ConnectAsync(cancel);
            await one.JoinAsync(alias);
        }

        var block = Block(peer.Token!, audience.Name);
        return await UntilEndAsync(
            peer,
            async () =>
            {
                await peer.SendAsync(block).WaitAsync(cancel);
                Interlocked.Add(ref _sent, 4 * Rounds);
            },
            cancel);
    }

    private static byte[] Block(string token, string target)
    {
        byte[][] messages =
        [
            Shape.Offer.Message(token, target),
            Shape.Candidate.Message(token, target),
            Encoding.UTF8.GetBytes($$"""{"type":"chat","token":"{{token}}","content":"buy now"}"""),
            Encoding.UTF8.GetBytes("""{"type":"no such type","type":[[[[}"""),
        ];
        var round = messages.SelectMany(static message => Frame.Build(Frame.Text, message)).ToArray();
        return [.. Enumerable.Repeat(round, Rounds).SelectMany(static bytes => bytes)];
    }

    private void CountRefused(JsonElement message)
    {
        if (message.TryGetProperty("code", out var code) && code.ValueEquals("rate-limited")) Interlocked.Increment(ref _refused);
    }

    private void Hear(JsonElement message) => Interlocked.Increment(ref _heard);
}
