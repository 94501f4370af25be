using System.Net;
using System.Text;

namespace MeshSignal.Bench.Load;

/// <summary>A peer that stops reading, and another that goes on sending to it.</summary>
internal sealed class Flood(IPEndPoint server, string room) : IDisposable
{
    /// <summary>Of one signal, about: under the 64 KiB of a message.</summary>
    private const int SignalBytes = 50_000;

    // Less than a send queue holds.
    private const long RowBytes = 8 * SignalBytes;

    private readonly LightPeer _source = new(server, "source", room);
    private readonly LightPeer _sink = new(server, "sink", room);

    /// <summary>How much was offered.</summary>
    public long Bytes { get; private set; }

    public async Task ConnectAsync(CancellationToken cancel)
    {
        await _source.ConnectAsync(cancel);
        await _sink.ConnectAsync(cancel);
        await _source.JoinAsync(room);
        await _sink.JoinAsync(room);
    }

    /// <summary>Offers so much to one that reads, and no faster than it does: what the same costs when all is well.</summary>
    public async Task OfferToReaderAsync(long bytes, CancellationToken cancel)
    {
        for (var left = bytes; left > 0; left -= RowBytes)
        {
            await SendAsync(Math.Min(left, RowBytes), cancel);

            // Queued behind what was sent, so it has read all of that.
            await _sink.AskAsync("ping");
        }
    }

    public async Task OfferAsync(long bytes, CancellationToken cancel)
    {
        _sink.StopReading();
        await SendAsync(bytes, cancel);
    }

    /// <summary>How the server has closed the one that did not read; it reads again to see it.</summary>
    public Task<int> EndAsync() => _sink.ReadOnAsync();

    public void Dispose()
    {
        _source.Dispose();
        _sink.Dispose();
    }

    private async Task SendAsync(long bytes, CancellationToken cancel)
    {
        var signal = new string('x', SignalBytes);
        var message = $$"""{"type":"webrtc-signal","token":"{{_source.Token}}","targetUsername":"{{_sink.Name}}","signal":"{{signal}}"}""";
        var frame = Frame.Build(Frame.Text, Encoding.UTF8.GetBytes(message));
        for (var left = bytes; left > 0; left -= SignalBytes)
        {
            await _source.SendAsync(frame).WaitAsync(cancel);
            Bytes += SignalBytes;
        }

        // The answer says that the server has read all of it.
        await _source.AskAsync("ping");
    }
}
