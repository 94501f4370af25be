using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>
/// Stands between Kestrel's upgraded stream and a WebSocket implementation, because <see cref="System.Net.WebSockets.WebSocket"/> hides its frames: it takes a
/// header that declares 2^62 bytes without a word, shows neither empty fragments nor pings, and can send no ping. Bytes pass through unchanged while
/// <see cref="FrameHeaders"/> follows them; a violation ends the reading. The WebSocket reads, and writes the pongs; all else is written here, in whole
/// frames: a WebSocket that has met a violation sends nothing more, but its peer is still to get what was queued, and the Close.
/// </summary>
internal sealed class FrameGuard(Stream inner, FrameHeaders headers) : Stream
{
    private const int MaxReason = 123;
    private const int MaxHeader = 10;
    private const byte Final = 0x80;
    private const byte TextOpcode = 0x1;
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

    /// <summary>One text message in one frame.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8) => WriteFrameAsync(TextOpcode, utf8);

    public ValueTask PingAsync() => WriteFrameAsync(PingOpcode, default);

    /// <param name="reason">At most 123 bytes of UTF-8; what is beyond is cut.</param>
    public ValueTask CloseAsync(CloseCode code, string reason)
    {
        var payload = new byte[2 + Math.Min(Encoding.UTF8.GetByteCount(reason), MaxReason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        Encoding.UTF8.GetEncoder().Convert(reason, payload.AsSpan(2), flush: true, out _, out var count, out _);
        return WriteFrameAsync(CloseOpcode, payload.AsMemory(0, 2 + count));
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

    /// <summary>A server's frames are not masked (RFC 6455 section 5.1), so the payload is copied as it is, once, and goes out with its header in one write.</summary>
    private async ValueTask WriteFrameAsync(byte opcode, ReadOnlyMemory<byte> payload)
    {
        var frame = ArrayPool<byte>.Shared.Rent(MaxHeader + payload.Length);
        try
        {
            var header = WriteHeader(frame, opcode, payload.Length);
            payload.CopyTo(frame.AsMemory(header));
            await WriteAsync(frame.AsMemory(0, header + payload.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    private static int WriteHeader(Span<byte> frame, byte opcode, int length)
    {
        frame[0] = (byte)(Final | opcode);
        switch (length)
        {
            case <= 125:
                frame[1] = (byte)length;
                return 2;
            case <= ushort.MaxValue:
                frame[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)length);
                return 4;
            default:
                frame[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(frame[2..], (ulong)length);
                return MaxHeader;
        }
    }

    private async ValueTask<int> ReadSlowAsync(ValueTask<int> read, Memory<byte> buffer) => Follow(buffer, await read);

    private int Follow(Memory<byte> buffer, int count)
    {
        Violation = headers.Follow(buffer.Span[..count]);
        return Violation is null ? count : 0;
    }
}
