using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>One <c>pong</c> for one <c>ping</c>.</summary>
internal sealed class PingHandler(TimeProvider time)
{
    public Reply Ping(Session session)
    {
        session.Deliver(new PongMessage(time.GetUtcNow()));
        return Reply.Done;
    }
}
