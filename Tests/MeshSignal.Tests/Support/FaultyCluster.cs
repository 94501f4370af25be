using System.Collections.Concurrent;
using MeshSignal.Protocol;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Sessions;
using Microsoft.Extensions.DependencyInjection;

namespace MeshSignal.Tests.Support;

/// <summary>The local cluster, until a test tells it to say or to do something else.</summary>
internal sealed class FaultyCluster : ICluster
{
    private readonly LocalCluster _local = new();
    private int _deliveries;

    /// <summary>Names that somebody on another node holds.</summary>
    public Func<Username, bool> IsTakenElsewhere { get; set; } = static _ => false;

    /// <summary>Sessions to which delivery fails with an exception.</summary>
    public Func<Session, bool> ThrowsFor { get; set; } = static _ => false;

    /// <summary>How many messages have been queued for peers through here.</summary>
    public int Deliveries => Volatile.Read(ref _deliveries);

    /// <summary>All of them.</summary>
    public ConcurrentQueue<EncodedMessage> Delivered { get; } = new();

    public static Action<IServiceCollection, FakeClock> Replacing(out FaultyCluster cluster)
    {
        var faulty = cluster = new FaultyCluster();
        return (services, _) => services.AddSingleton<ICluster>(faulty);
    }

    public ValueTask<Session?> ClaimNameAsync(RoomName scope, Username username, Session session) =>
        IsTakenElsewhere(username) ? ValueTask.FromResult<Session?>(session) : _local.ClaimNameAsync(scope, username, session);

    public ValueTask<bool> PassNameAsync(Session holder, Session successor) => _local.PassNameAsync(holder, successor);

    public void ReleaseName(Session session) => _local.ReleaseName(session);

    public bool Deliver(Session target, EncodedMessage message)
    {
        if (ThrowsFor(target))
            throw new InvalidOperationException("A fault that a test provoked.");

        Interlocked.Increment(ref _deliveries);
        Delivered.Enqueue(message);
        return _local.Deliver(target, message);
    }
}
