using System.Net;
using System.Text;

namespace MeshSignal.Bench.Load.Abuse;

/// <summary>Never reads, while a friend sends it as much as anybody may.</summary>
/// <param name="copy">For those who do the same beside it, from another address each.</param>
internal sealed class SlowReader(IPEndPoint server, int copy = 0) : Abuser("slow", 1, PauseOfOneAddress, Loopback.ForAbuser(2 + (copy * MostKinds)), 4040, LightPeer.NoCode)
{
    private const int SignalBytes = 50_000;

    // A friend may send 1 MiB at once and then 256 KiB a second.
    private const int Burst = 20;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    // Until its queue is full; then 10 s more, and 2 s to tell it why.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private long _bytes;
    private int _refused;

    protected override string Deeds => $"{Interlocked.Read(ref _bytes) / 1_000_000} MB sent to it, {Volatile.Read(ref _refused)} signals refused";

    protected override async Task<int> AbuseAsync(int number, string alias, CancellationToken cancel)
    {
        var hasLeft = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var sink = new LightPeer(server, $"{alias}-s", alias) { ReceiveBuffer = SignalBytes, From = From };
        using var friend = new LightPeer(server, $"{alias}-f", alias)
        {
            From = From,
            Received = message =>
            {
                var type = message.GetProperty("type");
                if (type.ValueEquals("webrtc-peer-status") || type.ValueEquals("webrtc-peer-left")) hasLeft.TrySetResult();
                if (type.ValueEquals("webrtc-error")) Interlocked.Increment(ref _refused);
            },
        };
        foreach (var one in new[] { friend, sink })
        {
            await one.ConnectAsync(cancel);
            await one.JoinAsync(alias);
        }

        sink.StopReading();
        var text = $$"""{"type":"webrtc-signal","token":"{{friend.Token}}","targetUsername":"{{sink.Name}}","signal":"{{new string('x', SignalBytes)}}"}""";
        var frame = Frame.Build(Frame.Text, Encoding.UTF8.GetBytes(text));
        for (var sent = 0; !hasLeft.Task.IsCompleted; sent++)
        {
            await friend.SendAsync(frame).WaitAsync(cancel);
            Interlocked.Add(ref _bytes, SignalBytes);
            if (sent >= Burst) await Task.WhenAny(hasLeft.Task, Task.Delay(Pace, TimeProvider.System, cancel));
            cancel.ThrowIfCancellationRequested();
        }

        // Now it reads, to see why.
        return await sink.ReadOnAsync().WaitAsync(Patience, TimeProvider.System, cancel);
    }
}
