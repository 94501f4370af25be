using System.Collections.Concurrent;
using MeshSignal.Protocol;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Chat;

/// <summary>The scopes in which somebody is, and the lobby.</summary>
internal sealed class ScopeStore(ICluster cluster, MeshSignalOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<RoomName, Scope> _scopes = new();

    public void Enter(RoomName name, Session session)
    {
        // Between the look-up and the entering the last one may have left; the store then holds a new scope, or none.
        while (!_scopes.GetOrAdd(name, static (name, store) => store.NewScope(name), this).TryEnter(session))
        {
        }
    }

    public void Leave(Session session)
    {
        if (session.Scope is { } scope && scope.Leave(session))
            _scopes.TryRemove(KeyValuePair.Create(scope.Name, scope));
    }

    private Scope NewScope(RoomName name) => new(name, cluster, options, time);
}
