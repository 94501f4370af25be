using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>
/// Stands between Kestrel's upgraded stream and a WebSocket implementation, because <see cref="System.Net.WebSockets.WebSocket"/> hides its frames: it takes a
/// header that declares 2^62 bytes without a word, shows neither empty fragments nor pings, and can send no ping. Bytes pass through unchanged while
/// <see cref="FrameHeaders"/> follows them; a violation ends the reading. Writes are whole frames, one after another, so that a ping or a Close of ours fits
/// between them.
/// </summary>
internal sealed class FrameGuard(Stream inner, FrameHeaders headers) : Stream
{
    private const byte Final = 0x80;
    private const byte CloseOpcode = 0x8;
    private const byte PingOpcode = 0x9;

    // Held while a frame is written: the writer's messages, the pongs that the WebSocket answers by itself, our pings and Closes.
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>The rule that the peer broke. Reading gives the end of the stream from then on.</summary>
    public FrameViolation? Violation { get; private set; }

    /// <summary>A Close frame went out, ours or the WebSocket's own.</summary>
    public bool IsCloseSent { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>An empty buffer waits for data without taking any, here as below: so nobody holds a buffer for an idle peer.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Violation is not null)
            return ValueTask.FromResult(0);

        var read = inner.ReadAsync(buffer, cancellationToken);
        if (buffer.IsEmpty)
            return read;
        return read.IsCompletedSuccessfully ? ValueTask.FromResult(Follow(buffer, read.Result)) : ReadSlowAsync(read, buffer);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (IsCloseSent)
                return; // Nothing may follow a Close frame (RFC 6455 section 5.5.1).

            IsCloseSent = (buffer.Span[0] & 0x0F) == CloseOpcode;
            await inner.WriteAsync(buffer, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    public ValueTask PingAsync() => WriteAsync(new byte[] { Final | PingOpcode, 0 });

    /// <param name="reason">At most 123 bytes of UTF-8; what is beyond is cut.</param>
    public ValueTask CloseAsync(CloseCode code, string reason)
    {
        var text = Encoding.UTF8.GetBytes(reason).AsSpan();
        text = text[..Math.Min(text.Length, 123)];
        var frame = new byte[4 + text.Length];
        frame[0] = Final | CloseOpcode;
        frame[1] = (byte)(2 + text.Length);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)code);
        text.CopyTo(frame.AsSpan(4));
        return WriteAsync(frame);
    }

    /// <summary>Reads past the WebSocket and discards, until the peer's Close or the end. Only for when the WebSocket reads no more.</summary>
    public async ValueTask DiscardAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (!headers.IsPeerClosed && await inner.ReadAsync(buffer) is > 0 and var count)
            {
                // After a violation there are no frames to follow any more, only bytes.
                if (Violation is null)
                    Follow(buffer, count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    // Not Dispose: a WebSocket that gives up disposes its stream, and this one still has a Close to send.

    private async ValueTask<int> ReadSlowAsync(ValueTask<int> read, Memory<byte> buffer) => Follow(buffer, await read);

    private int Follow(Memory<byte> buffer, int count)
    {
        Violation = headers.Follow(buffer.Span[..count]);
        return Violation is null ? count : 0;
    }
}
