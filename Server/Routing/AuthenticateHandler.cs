using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>
/// A join token within a session: it raises the rights of somebody who came without one, or renews those of somebody whose token ends. What a peer may do is settled when it
/// joins, so this counts from the next join on.
/// </summary>
internal sealed class AuthenticateHandler(Authenticator authenticator, Moderator moderator)
{
    public Reply Authenticate(Session session, AuthenticateMessage message)
    {
        var judgement = authenticator.Judge(message.Credential, session.Address, session.Identity);
        if (judgement.Identity is not { } identity)
            return judgement.Refusal!;

        // A session stays the same person's, under the same name and in the same scope.
        if (session.Identity.Subject is { } subject && subject != identity.Subject)
            return new Refusal(ErrorCode.Forbidden) { Reason = "subject" };
        if (!identity.MayBear(session.Username))
            return new Refusal(ErrorCode.Forbidden) { Reason = "name" };
        if (!identity.MayEnter(session.Scope!.Name))
            return new Refusal(ErrorCode.Forbidden) { Reason = "room" };

        session.Identity = identity;
        moderator.ShowOutIfBanned(session);
        return Reply.Done;
    }
}
