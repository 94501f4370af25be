using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>Descriptions, candidates and signals from one peer to another. The room knows the target and the order.</summary>
internal sealed class RelayHandler
{
    public Reply Relay(Session session, DirectedMessage message) =>
        session.Peer is { } peer ? peer.Room.Relay(peer, message) : new Refusal(ErrorCode.NotJoined);
}
