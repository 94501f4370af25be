using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>
/// Stands between a connection's bytes and a WebSocket implementation, because <see cref="System.Net.WebSockets.WebSocket"/> hides its frames: it takes a
/// header that declares 2^62 bytes without a word, shows neither empty fragments nor pings, and can send no ping. Bytes pass through unchanged while
/// <see cref="FrameHeaders"/> follows them; a violation ends the reading. The WebSocket reads, and writes the pongs; all else is written here, in whole
/// frames: a WebSocket that has met a violation sends nothing more, but its peer is still to get what was queued, and the Close.
/// </summary>
/// <param name="pipe">
/// Kestrel's, from beneath the stream that an upgrade gives: on the way through that one each read and each write is asked what kind of request it belongs to, and what is written
/// is copied once more. A relayed message costs nine tenths of what it did that way (bench: relay).
/// </param>
internal sealed class FrameGuard(IDuplexPipe pipe, FrameHeaders headers) : Stream
{
    private const int MaxReason = 123;
    private const int MaxHeader = 10;
    private const byte Final = 0x80;
    private const byte TextOpcode = 0x1;
    private const byte CloseOpcode = 0x8;
    private const byte PingOpcode = 0x9;

    // Held while a frame is written: the writer's messages, the pongs that the WebSocket answers by itself, our pings and Closes.
    private readonly SemaphoreSlim _writing = new(1);

    // A block of what has come in, in Kestrel's memory, and its end. No more is taken at a time: when the connection is aborted, the next read finds it.
    private ReadOnlyMemory<byte> _unread;
    private SequencePosition _unreadEnd;

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

    /// <summary>An empty buffer waits for data without taking any: so nobody holds a buffer for an idle peer.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Violation is not null)
            return ValueTask.FromResult(0);

        return _unread.IsEmpty ? WaitAndTakeAsync(buffer) : ValueTask.FromResult(Take(buffer));
    }

    /// <summary>A frame with its header: the pongs and Closes that the WebSocket sends by itself.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        WriteAsync((byte)(buffer.Span[0] & 0x0F), buffer, isWhole: true);

    /// <summary>One text message in one frame.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8) => WriteAsync(TextOpcode, utf8, isWhole: false);

    public ValueTask PingAsync() => WriteAsync(PingOpcode, default, isWhole: false);

    /// <param name="reason">At most 123 bytes of UTF-8; what is beyond is cut.</param>
    public ValueTask CloseAsync(CloseCode code, string reason)
    {
        var payload = new byte[2 + Math.Min(Encoding.UTF8.GetByteCount(reason), MaxReason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        Encoding.UTF8.GetEncoder().Convert(reason, payload.AsSpan(2), flush: true, out _, out var count, out _);
        return WriteAsync(CloseOpcode, payload.AsMemory(0, 2 + count), isWhole: false);
    }

    /// <summary>Reads past the WebSocket and discards, until the peer's Close or the end. Only for when the WebSocket reads no more.</summary>
    public async ValueTask DiscardAsync()
    {
        while (!headers.IsPeerClosed)
        {
            if (_unread.IsEmpty)
                await WaitAndTakeAsync(Memory<byte>.Empty);
            if (_unread.IsEmpty)
                return;

            // After a violation there are no frames to follow any more, only bytes.
            Violation ??= headers.Follow(_unread.Span);
            Consume(_unread.Length);
        }
    }

    /// <summary>Each frame goes out as it is written.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    // Not Dispose: a WebSocket that gives up disposes its stream, and this one still has a Close to send.

    /// <summary>A server's frames are not masked (RFC 6455 section 5.1), so the payload is copied as it is, once, to where the socket sends it from.</summary>
    /// <param name="isWhole">Its header is in the payload already.</param>
    private async ValueTask WriteAsync(byte opcode, ReadOnlyMemory<byte> payload, bool isWhole)
    {
        await _writing.WaitAsync();
        try
        {
            if (IsCloseSent)
                return; // Nothing may follow a Close frame (RFC 6455 section 5.5.1).

            IsCloseSent = opcode == CloseOpcode;
            if (!isWhole)
                pipe.Output.Advance(WriteHeader(pipe.Output.GetSpan(MaxHeader), opcode, payload.Length));
            pipe.Output.Write(payload.Span);
            await pipe.Output.FlushAsync();
        }
        finally
        {
            _writing.Release();
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

    // It waits for nearly every message.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAndTakeAsync(Memory<byte> buffer)
    {
        var isCompleted = false;
        while (_unread.IsEmpty && !isCompleted)
        {
            // With nothing, too, when Kestrel stops and takes no more requests: this is none any more.
            var result = await pipe.Input.ReadAsync();
            isCompleted = result.IsCompleted;
            _unread = FirstBlock(result.Buffer);
            _unreadEnd = result.Buffer.GetPosition(_unread.Length);
            if (_unread.IsEmpty)
                pipe.Input.AdvanceTo(_unreadEnd);
        }

        return Take(buffer);
    }

    private int Take(Memory<byte> buffer)
    {
        if (buffer.IsEmpty || _unread.IsEmpty)
            return 0;

        var piece = _unread.Span[..Math.Min(buffer.Length, _unread.Length)];
        piece.CopyTo(buffer.Span);
        Violation ??= headers.Follow(piece);
        var count = Violation is null ? piece.Length : 0;
        Consume(piece.Length);
        return count;
    }

    private static ReadOnlyMemory<byte> FirstBlock(ReadOnlySequence<byte> buffer)
    {
        foreach (var block in buffer)
            if (!block.IsEmpty)
                return block;

        return default;
    }

    private void Consume(int count)
    {
        _unread = _unread[count..];
        if (!_unread.IsEmpty)
            return;

        pipe.Input.AdvanceTo(_unreadEnd);
        (_unread, _unreadEnd) = (default, default);
    }
}
