using System.Net;

namespace MeshSignal.Bench.Load;

/// <summary>Peers of an echo: as many connections as the pairs have, each of them the receiver of its own messages.</summary>
internal static class EchoPeers
{
    // As long as the real ones, so that the frames have the size of those that MeshSignal gets.
    private static readonly string Token = new('0', 64);

    public static LoadPeer[] Connect(IPEndPoint server, Shape shape, int pairs, CancellationToken cancel)
    {
        var message = shape.Message(Token, "peer-1");
        var frame = Frame.Build(Frame.Text, message);
        var peers = new List<LoadPeer>();
        try
        {
            while (peers.Count < 2 * pairs)
            {
                cancel.ThrowIfCancellationRequested();
                peers.Add(new LoadPeer(WireSocket.Open(server, "/"), frame, message));
                peers.Add(new LoadPeer(WireSocket.Open(server, "/"), frame, message));
                LoadPeer.Echoed(peers[^2], peers[^1]);
            }
        }
        catch
        {
            peers.ForEach(peer => peer.Dispose());
            throw;
        }

        return [.. peers];
    }
}
