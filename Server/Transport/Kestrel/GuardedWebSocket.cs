using System.Buffers;
using System.Net.WebSockets;
using System.Text.Unicode;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>The default transport: System.Net.WebSockets reads, over a guarded stream of Kestrel's, and the guard writes.</summary>
internal sealed class GuardedWebSocket : IMessageSocket, IDisposable
{
    /// <summary>How long the peer may take to read our Close and to answer it.</summary>
    public static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(2);

    // Most candidates and chat lines fit; the pool has no smaller arrays that pay.
    private const int SmallestBuffer = 512;

    private readonly WebSocket _webSocket;
    private readonly FrameGuard _guard;
    private readonly FrameHeaders _headers;
    private readonly TimeProvider _time;
    private readonly Action _abort;
    private ITimer? _linger;
    private volatile bool _isLost;

    /// <param name="stream">Kestrel's, after the upgrade.</param>
    /// <param name="abort">Tears the connection down.</param>
    public GuardedWebSocket(Stream stream, FrameHeaders headers, TimeProvider time, Action abort)
    {
        (_headers, _time, _abort) = (headers, time, abort);
        _guard = new FrameGuard(stream, headers);

        // No keep-alive of its own: it cannot say what it found, it only aborts.
        _webSocket = WebSocket.CreateFromStream(_guard, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
    }

    public long LastFrameAt => _headers.LastFrameAt;

    public async ValueTask<Received> ReceiveAsync()
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
                if (message.End is not null || !_guard.IsCloseSent)
                    return message;
                message.Dispose();
            }
        }
        catch (Exception e) when (IsSocketFailure(e))
        {
            return Received.Ended(EndAfterFailure());
        }
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8) => WriteAsync(_guard.SendAsync(utf8));

    public ValueTask PingAsync() => WriteAsync(_guard.PingAsync());

    public ValueTask CloseAsync(CloseCode code, string reason)
    {
        _linger = StartLinger();
        return WriteAsync(_guard.CloseAsync(code, reason));
    }

    public async ValueTask LingerAsync()
    {
        // Nothing else watches over the socket by now.
        _linger ??= StartLinger();
        try
        {
            await _guard.DiscardAsync();
        }
        catch (Exception e) when (IsSocketFailure(e))
        {
            // Gone, or those two seconds are over: that is all there was to wait for.
        }
    }

    public void Abort() => _abort();

    public void Dispose()
    {
        _linger?.Dispose();
        _webSocket.Dispose();
    }

    private async ValueTask WriteAsync(ValueTask write)
    {
        try
        {
            await write;
        }
        catch (Exception e) when (IsSocketFailure(e))
        {
            throw new IOException("The socket is gone.", e);
        }

        // Kestrel takes what is written to a connection that is gone, and says nothing.
        if (_isLost)
            throw new IOException("The socket is gone.");
    }

    private ITimer StartLinger() =>
        _time.CreateTimer(static socket => ((GuardedWebSocket)socket!)._abort(), this, LingerTime, Timeout.InfiniteTimeSpan);

    /// <summary>The ways in which Kestrel and the WebSocket say that the socket is gone; InvalidOperationException is Kestrel's, for a pipe that was completed.</summary>
    private static bool IsSocketFailure(Exception e) =>
        e is IOException or WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    private async ValueTask<Received> ReceiveRestAsync(bool isWhole)
    {
        // The guard may be some frames ahead of the WebSocket, so what it has seen declared is a hint; that no message outgrows the limit is certain.
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(_headers.MessageBytes, SmallestBuffer));
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

    private SocketEnd EndAfterFailure()
    {
        if (_guard.Violation is { } violation)
            return new SocketEnd(SocketEndCause.Violation, violation.Code, violation.Reason);

        // The WebSocket found a violation of its own (text that is not UTF-8, a Close with a code that must not be sent) and has answered it.
        if (_guard.IsCloseSent && _linger is null)
            return new SocketEnd(SocketEndCause.Violation, CloseCode.ProtocolError, "");

        _isLost = true;
        return SocketEnd.Lost;
    }
}
