using System.Net;

namespace MeshSignal.Bench.Load.Abuse;

/// <summary>Sends ten thousand pings a second, each of which wants a pong.</summary>
/// <param name="copy">For those who do the same beside it, from another address each.</param>
internal sealed class Pinger(IPEndPoint server, int copy = 0) : Abuser("pings", 1, PauseOfOneAddress, Loopback.ForAbuser(4 + (copy * MostKinds)), 1008)
{
    private const int AtATime = 100;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    private long _sent;

    protected override string Deeds => $"{Interlocked.Read(ref _sent)} pings";

    protected override async Task<int> AbuseAsync(int number, string alias, CancellationToken cancel)
    {
        using var peer = new LightPeer(server, alias, alias) { From = From };
        await peer.ConnectAsync(cancel);
        byte[] pings = [.. Enumerable.Range(0, AtATime).SelectMany(static _ => Frame.Build(Frame.Ping, []))];
        using var timer = new PeriodicTimer(Pace);
        return await UntilEndAsync(
            peer,
            async () =>
            {
                await peer.SendAsync(pings).WaitAsync(cancel);
                Interlocked.Add(ref _sent, AtATime);
                await timer.WaitForNextTickAsync(cancel);
            },
            cancel);
    }
}
