using System.IO.Pipelines;
using System.Net.Sockets;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>
/// What is the same over Kestrel's pipe, whoever reads the frames behind the <see cref="FrameGuard"/>: our pings and our Close, the time for its answer, and
/// how the end is told.
/// </summary>
/// <param name="pipe">Kestrel's, after the upgrade.</param>
/// <param name="abort">Tears the connection down.</param>
internal abstract class GuardedSocket(IDuplexPipe pipe, FrameHeaders headers, TimeProvider time, Action abort) : IMessageSocket, IDisposable
{
    /// <summary>How long the peer may take to read our Close and to answer it.</summary>
    public static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(2);

    private ITimer? _linger;
    private volatile bool _isLost;

    public long LastFrameAt => Headers.LastFrameAt;

    protected FrameGuard Guard { get; } = new(pipe, headers);

    protected FrameHeaders Headers => headers;

    /// <summary>A Close was asked for on our side, whether or not it is out.</summary>
    protected bool IsClosing => _linger is not null;

    public abstract ValueTask<Received> ReceiveAsync();

    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> utf8);

    public ValueTask PingAsync() => WriteAsync(Guard.PingAsync());

    public ValueTask CloseAsync(CloseCode code, string reason)
    {
        _linger = StartLinger();
        return WriteAsync(Guard.CloseAsync(code, reason));
    }

    public async ValueTask LingerAsync()
    {
        // Nothing else watches over the socket by now.
        _linger ??= StartLinger();
        try
        {
            await Guard.DiscardAsync();
        }
        catch (Exception e) when (IsSocketFailure(e))
        {
            // Gone, or those two seconds are over: that is all there was to wait for.
        }
    }

    public void Abort() => abort();

    public virtual void Dispose() => _linger?.Dispose();

    protected async ValueTask WriteAsync(ValueTask write)
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

    /// <summary>The ways in which Kestrel says that the socket is gone: InvalidOperationException is for a pipe that was completed, SocketException for all that is no reset, such as a time-out of TCP.</summary>
    protected static bool IsSocketFailure(Exception e) =>
        e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    /// <summary>How the socket ended if there is nothing more to read.</summary>
    protected SocketEnd EndOfReading()
    {
        if (Guard.Violation is { } violation)
            return new SocketEnd(SocketEndCause.Violation, violation.Code, violation.Reason);

        _isLost = true;
        return SocketEnd.Lost;
    }

    private ITimer StartLinger() => time.CreateTimer(static socket => ((GuardedSocket)socket!).Abort(), this, LingerTime, Timeout.InfiniteTimeSpan);
}
