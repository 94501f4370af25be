using System.Net;
using MeshSignal.Server.Sessions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>
/// Kestrel's own transport, but that it accepts connections in batches while many have to be refused. To accept one and refuse it takes four returns of epoll, each of which wakes a thread; those that are
/// refused together share the wakes, and a flood of them costs half as much (bench: abuse --only handshakes). Whoever else connects meanwhile waits at most a batch's time.
/// </summary>
internal sealed class AcceptBatches(SocketTransportFactory sockets, TimeProvider time) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <summary>More refusals than these within <see cref="Window"/> are a flood. It is over when there has been none too many for as long.</summary>
    public const int MostRefusals = 20;

    public static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    /// <summary>From one batch to the next.</summary>
    public static readonly TimeSpan BatchTime = TimeSpan.FromMilliseconds(100);

    private readonly SlidingCount _refusals = new(MostRefusals, Window, time); // Its lock guards both.
    private long? _lastExcessAt;

    private bool IsFlooded
    {
        get
        {
            lock (_refusals)
                return _lastExcessAt is { } last && time.GetElapsedTime(last) < Window;
        }
    }

    public bool CanBind(EndPoint endpoint) => sockets.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await sockets.BindAsync(endpoint, cancellationToken), this);

    /// <summary>A connection was refused that should not have come.</summary>
    public void CountRefusal()
    {
        lock (_refusals)
            if (!_refusals.TryAdd(out _))
                _lastExcessAt = time.GetTimestamp();
    }

    private Task NextBatchAsync(CancellationToken cancellationToken) => IsFlooded ? Task.Delay(BatchTime, time, cancellationToken) : Task.CompletedTask;

    private sealed class Listener(IConnectionListener inner, AcceptBatches batches) : IConnectionListener
    {
        private bool _isBatchOver;

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            if (_isBatchOver)
                await batches.NextBatchAsync(cancellationToken);

            // What has connected already is accepted at once.
            var accepting = inner.AcceptAsync(cancellationToken);
            _isBatchOver = !accepting.IsCompleted;
            return await accepting;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
