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

        if (Difference(session, identity) is { } reason)
        {
            authenticator.GiveBack(judgement);
            return new Refusal(ErrorCode.Forbidden) { Reason = reason };
        }

        session.Identity = identity;
        moderator.ShowOutIfBanned(session);
        return Reply.Done;
    }

    /// <summary>A session stays the same person's, under the same name and in the same scope. Null if it does.</summary>
    private static string? Difference(Session session, Identity identity) =>
        session.Identity.Subject is { } subject && subject != identity.Subject ? "subject"
        : !identity.MayBear(session.Username) ? "name"
        : !identity.MayEnter(session.Scope!.Name) ? "room"
        : null;
}
