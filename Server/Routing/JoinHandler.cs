using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>Into a room and out of it.</summary>
internal sealed class JoinHandler(RoomStore rooms, CallOptions options, TimeProvider time)
{
    public Reply Join(Session session, JoinMessage message)
    {
        if (!options.Enabled)
            return new Refusal(ErrorCode.Disabled);
        if (session.Peer is not null)
            return new Refusal(ErrorCode.AlreadyJoined);

        var room = session.Scope!.Name;
        if (message.Room is not null && !RoomName.TryParse(message.Room, out room))
            return new Refusal(ErrorCode.InvalidRoom);
        if (!session.Identity.MayEnter(room))
            return new Refusal(ErrorCode.Forbidden);

        // A call that runs goes on; whoever wants into the next one has to show a new token first.
        if (session.Identity.ExpiresAt <= time.GetUtcNow())
            return new Refusal(ErrorCode.NotAuthenticated);

        return rooms.Join(session, room, message);
    }

    public Reply Leave(Session session, LeaveMessage message)
    {
        if (session.Peer is not { } peer)
            return session.Profile == Profile.Legacy ? Reply.Done : new Refusal(ErrorCode.NotJoined);

        rooms.Leave(peer, LeaveReason.Left, message);
        return Reply.Answered;
    }
}
