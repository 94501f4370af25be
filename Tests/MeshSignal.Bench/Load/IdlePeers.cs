using System.Net;
using MeshSignal.Bench.Load.Dialects;

namespace MeshSignal.Bench.Load;

/// <summary>Connections that do nothing, two of them in each room where there are rooms.</summary>
internal static class IdlePeers
{
    private const int PeersInRoom = 2;

    /// <summary>v1 sessions in rooms. They answer pings, and have confirmed all that they got.</summary>
    public static async Task<IDisposable[]> EnterAsync(IPEndPoint server, int first, int count, CancellationToken cancel)
    {
        LightPeer[] peers = [.. Enumerable.Range(first, count).Select(number => new LightPeer(server, $"idle-{number}", Room(number)))];
        await Crowd.ConnectAsync(peers, cancel);
        foreach (var (peer, number) in peers.Zip(Enumerable.Range(first, count))) await peer.JoinAsync(Room(number));
        foreach (var peer in peers) await peer.AskAsync("ping", $$""","received":{{peer.Count}}""");
        return peers;
    }

    /// <summary>Others. They answer nothing, so they must not be needed for longer than their server bears that.</summary>
    /// <param name="dialect">Null where to be connected is all.</param>
    public static async Task<IDisposable[]> EnterAsync(Func<string, int, Dialect>? dialect, IPEndPoint server, int first, int count, CancellationToken cancel)
    {
        var wires = new IDisposable[count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = Crowd.AtATime, CancellationToken = cancel },
            async (place, stop) => wires[place] = await EnterAsync(dialect?.Invoke(Room(first + place), (first + place) % PeersInRoom), server, stop));
        return wires;
    }

    private static async Task<WireSocket> EnterAsync(Dialect? dialect, IPEndPoint server, CancellationToken cancel)
    {
        var wire = await WireSocket.OpenAsync(server, dialect?.Path ?? "/", dialect?.Subprotocol, entry: null, cancel);
        var isIn = dialect is null;
        while (!isIn)
        {
            while (!isIn && wire.TryTake(out var message))
            {
                var heard = dialect!.Hear(message);
                if (heard.Say is { } answer) wire.Send(Frame.Build(Frame.Text, answer));
                isIn = heard.Members is not null;
            }

            if (!isIn) await wire.FillAsync(cancel);
        }

        return wire;
    }

    private static string Room(int number) => $"idle-{number / PeersInRoom}";
}
