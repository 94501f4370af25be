using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text.Unicode;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>The default transport: System.Net.WebSockets reads, over a guarded pipe of Kestrel's, and the guard writes.</summary>
internal sealed class GuardedWebSocket : GuardedSocket
{
    // Most candidates and chat lines fit; the pool has no smaller arrays that pay.
    private const int SmallestBuffer = 512;

    private readonly WebSocket _webSocket;

    public GuardedWebSocket(IDuplexPipe pipe, FrameHeaders headers, TimeProvider time, Action abort)
        : base(pipe, headers, time, abort)
    {
        // No keep-alive of its own: it cannot say what it found, it only aborts.
        _webSocket = WebSocket.CreateFromStream(Guard, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
    }

    // It waits for nearly every message: 283 bytes are allocated for one and not 507 (bench: steady).
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<Received> ReceiveAsync()
    {
        try
        {
            while (true)
            {
                // With an empty buffer: returns when a frame has begun, or ended if it was empty.
                var frame = await _webSocket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
                if (frame.MessageType == WebSocketMessageType.Close)
                    return Received.Ended(ClosedByPeer());

                var message = await ReceiveRestAsync(frame.EndOfMessage);
                if (message.End is not null || !Guard.IsCloseSent)
                    return message;
                message.Dispose();
            }
        }
        catch (Exception e) when (e is WebSocketException || IsSocketFailure(e))
        {
            return Received.Ended(EndAfterFailure());
        }
    }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> utf8) => WriteAsync(Guard.SendAsync(utf8));

    public override void Dispose()
    {
        base.Dispose();
        _webSocket.Dispose();
    }

    private async ValueTask<Received> ReceiveRestAsync(bool isWhole)
    {
        // The guard may be some frames ahead of the WebSocket, so what it has seen declared is a hint; that no message outgrows the limit is certain.
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(Headers.MessageBytes, SmallestBuffer));
        var count = 0;
        SocketEnd? end = null;
        try
        {
            while (!isWhole)
            {
                if (count == buffer.Length)
                    buffer = Grow(buffer);
                var part = await _webSocket.ReceiveAsync(buffer.AsMemory(count), CancellationToken.None);
                (count, isWhole) = (count + part.Count, part.EndOfMessage);

                // Between two fragments: the message will never be whole.
                if (part.MessageType == WebSocketMessageType.Close)
                    end = ClosedByPeer();

                // At an empty last fragment the WebSocket does not look whether the text before it ended within a character.
                else if (part.Count == 0 && isWhole && !Utf8.IsValid(buffer.AsSpan(0, count)))
                    end = new SocketEnd(SocketEndCause.Violation, CloseCode.InvalidPayload, "a text is not UTF-8");
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }

        if (end is null)
            return Received.Whole(buffer, count);

        ArrayPool<byte>.Shared.Return(buffer);
        return Received.Ended(end);
    }

    private static byte[] Grow(byte[] full)
    {
        var larger = ArrayPool<byte>.Shared.Rent(full.Length * 2);
        full.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(full);
        return larger;
    }

    /// <summary>A peer that gave no status is answered with Normal; one that we would have to repeat in a Close is repeated (RFC 6455 section 5.5.1).</summary>
    private SocketEnd ClosedByPeer()
    {
        var code = _webSocket.CloseStatus is null or WebSocketCloseStatus.Empty ? (CloseCode?)null : (CloseCode)_webSocket.CloseStatus;
        return new SocketEnd(SocketEndCause.ClosedByPeer, code ?? CloseCode.Normal, "", HasNoCode: code is null);
    }

    /// <summary>The WebSocket may have found a violation of its own, and answered it: text that is not UTF-8, a Close with a code that must not be sent.</summary>
    private SocketEnd EndAfterFailure() => Guard.Violation is null && Guard.IsCloseSent && !IsClosing
        ? new SocketEnd(SocketEndCause.Violation, CloseCode.ProtocolError, "")
        : EndOfReading();
}
