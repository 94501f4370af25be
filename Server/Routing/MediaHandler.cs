using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>What a peer says that it sends, within what it may.</summary>
internal sealed class MediaHandler
{
    /// <summary>Refused whole if anything in it is not allowed: half a change would leave the others believing what is not so.</summary>
    public Reply Change(Session session, MediaChangeMessage message)
    {
        if (session.Peer is not { } peer)
            return new Refusal(ErrorCode.NotJoined);
        if ((message.MediaTypes & ~peer.AllowedMedia) != 0)
            return new Refusal(ErrorCode.MediaNotAllowed);

        peer.Room.ChangeMedia(peer, message.MediaTypes);
        return Reply.Done;
    }
}
