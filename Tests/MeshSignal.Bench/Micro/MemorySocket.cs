using System.Buffers;
using System.Threading.Channels;
using MeshSignal.Protocol;
using MeshSignal.Server.Transport;

namespace MeshSignal.Bench.Micro;

/// <summary>A socket whose peer is a benchmark. What it hears is handled on the thread that says it.</summary>
#pragma warning disable CA1001 // A SemaphoreSlim has nothing to dispose of as long as nobody asks for its wait handle.
internal sealed class MemorySocket : IMessageSocket
#pragma warning restore CA1001
{
    private readonly Channel<byte[]> _heard = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });
    private readonly SemaphoreSlim _sent = new(0);

    // Not all that come are awaited: who waits for one of them wants the newest. Its bytes are there for as long as the session keeps them for a resume.
    private ReadOnlyMemory<byte> _last;

    public long LastFrameAt { get; private set; } = TimeProvider.System.GetTimestamp();

    public ReadOnlyMemory<byte> Last => _last;

    /// <summary>The peer sends a message.</summary>
    public void Hear(byte[] utf8) => _heard.Writer.TryWrite(utf8);

    /// <summary>Waits until the peer has got one more message.</summary>
    public void AwaitMessage() => _sent.Wait();

    /// <summary>What has come is not waited for any more.</summary>
    public void Forget()
    {
        while (_sent.Wait(TimeSpan.FromMilliseconds(100)))
        {
        }
    }

    public async ValueTask<Received> ReceiveAsync()
    {
        if (!await _heard.Reader.WaitToReadAsync() || !_heard.Reader.TryRead(out var utf8)) return Received.Ended(SocketEnd.Lost);
        LastFrameAt = TimeProvider.System.GetTimestamp();
        var buffer = ArrayPool<byte>.Shared.Rent(utf8.Length);
        utf8.CopyTo(buffer, 0);
        return Received.Whole(buffer, utf8.Length);
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8)
    {
        _last = utf8;
        _sent.Release();
        return ValueTask.CompletedTask;
    }

    public ValueTask PingAsync() => ValueTask.CompletedTask;

    public ValueTask CloseAsync(CloseCode code, string reason) => ValueTask.CompletedTask;

    public ValueTask LingerAsync() => ValueTask.CompletedTask;

    public void Abort() => _heard.Writer.TryComplete();
}
