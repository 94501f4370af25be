using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>One <c>pong</c> for one <c>ping</c>; and what the client says to have got need not be kept for it.</summary>
internal sealed class PingHandler(TimeProvider time)
{
    public Reply Ping(Session session, PingMessage message)
    {
        if (message.Received is { } received && !session.TryConfirm(received))
            return new Refusal(ErrorCode.InvalidMessage);

        session.Deliver(new PongMessage(time.GetUtcNow()));
        return Reply.Done;
    }
}
