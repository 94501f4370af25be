using System.Buffers;
using System.Text;
using System.Threading.Channels;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;

namespace MeshSignal.Tests.Support;

/// <summary>
/// Both ends of a socket that is no socket: the transport of the second rung. A peer can be told not to read, and not to answer pings, which a real one
/// does only by being broken.
/// </summary>
internal sealed class InMemorySocket(LimitOptions limits, TimeProvider time) : IMessageSocket, IClientSocket
{
    private readonly Channel<Received> _toServer = Channel.CreateUnbounded<Received>();
    private readonly Channel<ClientReceived> _toClient = Channel.CreateUnbounded<ClientReceived>();
    private readonly Channel<int> _pinged = Channel.CreateUnbounded<int>();
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _blocked;
    private TaskCompletionSource? _writerWaits;
    private long _lastFrameAt = time.GetTimestamp();
    private bool _isCloseSent;
    private int _pings;

    public long LastFrameAt => Volatile.Read(ref _lastFrameAt);

    /// <summary>How often the server has asked for a sign of life.</summary>
    public int Pings => Volatile.Read(ref _pings);

    /// <summary>Whether the client's end answers pings, as every browser does.</summary>
    public bool AnswersPings { get; set; } = true;

    public void StopReading()
    {
        _writerWaits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Waits until the server has tried to send something to a client's end that does not read.</summary>
    public Task WhenBlockedAsync() => _writerWaits!.Task.WaitAsync(TestPeer.Timeout);

    public void ReadAgain() => _blocked?.SetResult();

    /// <summary>An RFC 6455 pong from the client's end.</summary>
    public void Pong() => Live();

    /// <summary>Waits until the server has asked for a sign of life once more.</summary>
    public async Task WhenPingedAsync() => await _pinged.Reader.ReadAsync().AsTask().WaitAsync(TestPeer.Timeout);

    // The server's end.

    async ValueTask<Received> IMessageSocket.ReceiveAsync()
    {
        while (await _toServer.Reader.WaitToReadAsync())
        {
            if (!_toServer.Reader.TryRead(out var received))
                continue;
            if (received.End is not null || !_isCloseSent)
                return received;
            received.Dispose();
        }

        return Received.Ended(SocketEnd.Lost);
    }

    async ValueTask IMessageSocket.SendAsync(ReadOnlyMemory<byte> utf8)
    {
        await ReadyToWriteAsync();
        _toClient.Writer.TryWrite(new ClientReceived(Encoding.UTF8.GetString(utf8.Span)));
    }

    async ValueTask IMessageSocket.PingAsync()
    {
        await ReadyToWriteAsync();
        if (AnswersPings)
            Live();
        _pinged.Writer.TryWrite(Interlocked.Increment(ref _pings));
    }

    async ValueTask IMessageSocket.CloseAsync(CloseCode code, string reason)
    {
        await ReadyToWriteAsync();
        _isCloseSent = true;
        _toClient.Writer.TryWrite(new ClientReceived(null, (int)code, reason));

        // A client's end that is there echoes the Close; one that is not is torn down after the time that the seam promises.
        if (AnswersPings)
            _toServer.Writer.TryWrite(Received.Ended(new SocketEnd(SocketEndCause.ClosedByPeer, code, "")));
        else
            _ = time.CreateTimer(_ => Abort(), null, TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
    }

    ValueTask IMessageSocket.LingerAsync() => ValueTask.CompletedTask;

    // The client's end.

    public Task SendAsync(string text)
    {
        Live();
        var utf8 = Encoding.UTF8.GetBytes(text);
        if (utf8.Length > limits.MessageBytes)
        {
            _toServer.Writer.TryWrite(Received.Ended(new SocketEnd(SocketEndCause.Violation, CloseCode.MessageTooBig, "a message is too large")));
            return Task.CompletedTask;
        }

        var rented = ArrayPool<byte>.Shared.Rent(utf8.Length);
        utf8.CopyTo(rented, 0);
        _toServer.Writer.TryWrite(Received.Whole(rented, utf8.Length));
        return Task.CompletedTask;
    }

    public async Task<ClientReceived> ReceiveAsync() =>
        await _toClient.Reader.WaitToReadAsync() && _toClient.Reader.TryRead(out var received) ? received : new ClientReceived(null, ClientReceived.NoClose);

    public Task CloseAsync() => CloseAsync(CloseCode.Normal);

    /// <param name="code">Null for a Close frame without one.</param>
    public Task CloseAsync(CloseCode? code)
    {
        _toServer.Writer.TryWrite(Received.Ended(new SocketEnd(SocketEndCause.ClosedByPeer, code ?? CloseCode.Normal, "", HasNoCode: code is null)));
        return Task.CompletedTask;
    }

    /// <summary>From either end.</summary>
    public void Abort()
    {
        _aborted.TrySetResult();
        _toServer.Writer.TryComplete();
        _toClient.Writer.TryComplete();
    }

    public void Dispose() => Abort();

    private void Live() => Volatile.Write(ref _lastFrameAt, time.GetTimestamp());

    private async Task ReadyToWriteAsync()
    {
        if (_blocked is { Task.IsCompleted: false })
            _writerWaits!.TrySetResult();
        if (_blocked is { } blocked)
            await Task.WhenAny(blocked.Task, _aborted.Task);
        if (_aborted.Task.IsCompleted)
            throw new IOException("The socket is gone.");
    }
}
