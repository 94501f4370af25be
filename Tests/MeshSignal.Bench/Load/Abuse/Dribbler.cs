using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MeshSignal.Bench.Load.Abuse;

/// <summary>A thousand connections on which a request comes in byte by byte, one a second, so that none of them ever becomes a socket.</summary>
/// <param name="isSpread">Each comes from an address of its own, so that no limit on addresses holds them.</param>
internal sealed class Dribbler(IPEndPoint server, bool isSpread)
    : Abuser(isSpread ? Spread : "handshakes", Count, TimeSpan.Zero, Loopback.ForAbuser(3), isSpread ? [RequestTimeout] : [RequestTimeout, Refused])
{
    /// <summary>The name of those with an address each.</summary>
    public const string Spread = "spread";

    private const int Count = 1000;
    private const int RequestTimeout = 408;
    private const int Refused = 503;

    // As long as it would have gone on had it been let in; the server asks for that, too.
    private static readonly TimeSpan PauseOfRefused = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    // As many seconds.
    private static readonly byte[] Request = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n");

    private int _opened;
    private int _refused;
    private long _bytes;

    protected override string Deeds =>
        $"{Count} at a time, {Volatile.Read(ref _opened)} in all, {Volatile.Read(ref _refused)} of them refused at once, {Interlocked.Read(ref _bytes)} bytes one by one";

    protected override async Task<int> AbuseAsync(int number, string alias, CancellationToken cancel)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(isSpread ? Loopback.ForCrowd(number) : From, 0));
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
        var code = int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : LightPeer.NoCode;
        if (code != Refused) return code;

        socket.Dispose();
        Interlocked.Increment(ref _refused);
        await Task.Delay(PauseOfRefused, TimeProvider.System, cancel);
        return code;
    }
}
