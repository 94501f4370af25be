using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Fleck;
using MeshSignal.Server.Transport.Kestrel;

namespace MeshSignal.Server.Transport.Fleck;

/// <summary>
/// What Fleck takes for a socket. It does not read by itself: Fleck says where it wants its bytes, and is called back when the reader comes for a message,
/// with one frame or a part of one. So nothing is read that nobody waits for, and Fleck's callbacks run where the reader sees what they throw.
/// </summary>
/// <param name="controls">Gets the control frames, in their order among the others.</param>
internal sealed class FleckFeed(FrameGuard guard, IHandler controls) : ISocket
{
    private static readonly Task<int> NotNow = Task.FromResult(0);

    private readonly FrameEnds _frames = new();
    private byte[] _buffer = [];
    private Action<int> _take = static _ => { };
    private int _count;

    /// <summary>Always: who reads and who writes learn of the end from the guard. Fleck would print a line for each message that it cannot send.</summary>
    public bool Connected => true;

    public string RemoteIpAddress => throw new NotSupportedException();

    public int RemotePort => throw new NotSupportedException();

    public Stream Stream => guard;

    public bool NoDelay
    {
        get => true; // As Kestrel has it.
        set => throw new NotSupportedException();
    }

    public EndPoint LocalEndPoint => throw new NotSupportedException();

    /// <summary>Waits for a frame, or a part of one, and gives it to Fleck. False at the end of what can be read.</summary>
    /// <exception cref="WebSocketException">Fleck found a violation.</exception>
    public async ValueTask<bool> TryFeedAsync()
    {
        if (_count == 0)
            _count = await guard.ReadAsync(_buffer);
        if (_count == 0)
            return false;

        var buffer = _buffer;
        var length = _frames.Take(buffer.AsSpan(0, _count), out var isControl);
        if (isControl)
            controls.Receive(buffer[..length]);
        else
            _take(length); // It asks for more at once, below.

        // Fleck reads from the beginning of its buffer.
        _count -= length;
        buffer.AsSpan(length, _count).CopyTo(_buffer);
        return true;
    }

    public Task<int> Receive(byte[] buffer, Action<int> callback, Action<Exception> error, int offset = 0)
    {
        (_buffer, _take) = (buffer, callback);
        return NotNow;
    }

    /// <summary>Whoever sends awaits this, and sees it fail. Fleck is told of neither: it would log the one, and close the socket upon the other.</summary>
    public Task Send(byte[] buffer, Action callback, Action<Exception> error) => guard.WriteAsync(buffer).AsTask();

    public Task<ISocket> Accept(Action<ISocket> callback, Action<Exception> error) => throw new NotSupportedException();

    public Task Authenticate(X509Certificate2 certificate, SslProtocols enabledSslProtocols, Action callback, Action<Exception> error) =>
        throw new NotSupportedException();

    public void Bind(EndPoint ipLocal) => throw new NotSupportedException();

    public void Listen(int backlog) => throw new NotSupportedException();

    public void Close() => throw new NotSupportedException();

    public void Dispose() => throw new NotSupportedException();
}
