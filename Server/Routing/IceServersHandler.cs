using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>ICE servers with fresh credentials, for a peer in a room that asks.</summary>
internal sealed class IceServersHandler
{
    public Reply Send(Session session, IceServersRequest request)
    {
        if (session.Peer is not { } peer)
            return new Refusal(ErrorCode.NotJoined);
        if (!peer.IceServerRequests.TryAdd(out var retryAfter))
            return new Refusal(ErrorCode.RateLimited) { RetryAfter = retryAfter };

        peer.Room.SendIceServers(peer, request);
        return Reply.Answered;
    }
}
