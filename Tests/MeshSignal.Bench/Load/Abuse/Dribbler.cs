using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MeshSignal.Bench.Load.Abuse;

/// <summary>A thousand sockets on which a request comes in byte by byte, one a second: none of them ever becomes a connection that a limit would count.</summary>
internal sealed class Dribbler(IPEndPoint server) : Abuser("handshakes", Count, TimeSpan.Zero, RequestTimeout)
{
    private const int Count = 1000;
    private const int RequestTimeout = 408;
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    // As many seconds.
    private static readonly byte[] Request = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n");

    private int _opened;
    private long _bytes;

    protected override string Deeds => $"{Count} half-open at a time, {Volatile.Read(ref _opened)} in all, {Interlocked.Read(ref _bytes)} bytes one by one";

    protected override async Task<int> AbuseAsync(string alias, CancellationToken cancel)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancel);
        Interlocked.Increment(ref _opened);
        var response = new byte[256];
        var responding = socket.ReceiveAsync(response, SocketFlags.None, cancel).AsTask();
        using var timer = new PeriodicTimer(Pace);
        for (var place = 0; place < Request.Length && !responding.IsCompleted; place++)
        {
            await socket.SendAsync(Request.AsMemory(place, 1), SocketFlags.None, cancel);
            Interlocked.Increment(ref _bytes);
            await Task.WhenAny(responding, timer.WaitForNextTickAsync(cancel).AsTask());
            cancel.ThrowIfCancellationRequested();
        }

        if (!responding.IsCompleted) throw new BenchException($"a request has gone on for {Request.Length} s");
        var status = Encoding.ASCII.GetString(response, 0, await responding).Split(' ').ElementAtOrDefault(1);
        return int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : LightPeer.NoCode;
    }
}
