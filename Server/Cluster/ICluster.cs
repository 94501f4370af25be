using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Cluster;

/// <summary>
/// What changes when there is more than one node: who holds a name, and how a message reaches a session wherever its socket is. In the path of every
/// message on one node too, so that there is one path.
/// </summary>
internal interface ICluster
{
    /// <summary>
    /// Takes a name in a scope for a session, which gives up the one it held there. Names that differ only in what <see cref="Username.Key"/> leaves out are one.
    /// Null if the session holds it now, else who does.
    /// </summary>
    ValueTask<Session?> ClaimNameAsync(RoomName scope, Username username, Session session);

    /// <summary>Gives the name that a session holds to another, in one step. False if it holds none.</summary>
    ValueTask<bool> PassNameAsync(Session holder, Session successor);

    /// <summary>Frees the name that the session holds, if it holds one.</summary>
    void ReleaseName(Session session);

    /// <summary>Queues a message for a session. False if it cannot be delivered.</summary>
    bool Deliver(Session target, EncodedMessage message);
}
