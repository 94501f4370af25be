using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>Every kind of message a client may send, and who handles it.</summary>
internal sealed class MessageRouter(
    PingHandler pings, AuthenticateHandler authentication, JoinHandler joins, MediaHandler media, RelayHandler relay, IceServersHandler iceServers, ChatHandler chat)
{
    public ValueTask<Reply> RouteAsync(Session session, ClientMessage message) => message switch
    {
        _ when session.Profile == Profile.Legacy && MessageTypes.IsForV1Only(message.Type) => new(new Refusal(ErrorCode.UnknownType)),
        DirectedMessage directed => new(relay.Relay(session, directed)),
        PingMessage ping => new(pings.Ping(session, ping)),
        AuthenticateMessage authenticate => new(authentication.Authenticate(session, authenticate)),
        JoinMessage join => new(joins.Join(session, join)),
        LeaveMessage leave => new(joins.Leave(session, leave)),
        MediaChangeMessage change => new(media.Change(session, change)),
        IceServersRequest request => new(iceServers.Send(session, request)),
        ChatMessage text => chat.SayAsync(session, text),
        TypingMessage => new(chat.Type(session)),
        _ => throw new ArgumentOutOfRangeException(nameof(message), message, "A kind of message has no handler."),
    };
}
