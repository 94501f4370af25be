using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>
/// How the outcome of a message is told to its sender. To v1: always, an ack if there was an id, else a coded error. To legacy: errors only, in the words and
/// the place that js-chat-server clients know, and none about candidates, which their users could do nothing about.
/// </summary>
internal static class Answers
{
    public static void Answer(this Session session, ClientMessage message, Reply reply, TimeProvider time)
    {
        if (reply.Refusal is { } refusal)
            session.Refuse(message, refusal, time);
        else if (!reply.IsAnswered && message.Id is { } id && session.Profile == Profile.V1)
            session.Deliver(new AckMessage(id));
    }

    public static void Refuse(this Session session, DecodeFailure failure, Refusal refusal, TimeProvider time)
    {
        // What only v1 has is not for legacy clients to know, however badly it is formed.
        var isUnknown = failure.RequestType is { } type && MessageTypes.IsForV1Only(type) && session.Profile == Profile.Legacy && refusal.Code == failure.Code;
        session.Refuse(isUnknown ? new Refusal(ErrorCode.UnknownType) : refusal, failure.RequestType, failure.IsSignaling, failure.Id, null, time);
    }

    public static void Refuse(this Session session, ClientMessage message, Refusal refusal, TimeProvider time)
    {
        var isSignaling = message.Type.StartsWith(MessageTypes.SignalingPrefix, StringComparison.Ordinal);
        session.Refuse(refusal, message.Type, isSignaling, message.Id, (message as DirectedMessage)?.TargetUsername, time);
    }

    private static void Refuse(
        this Session session, Refusal refusal, string? requestType, bool isSignaling, RequestId? id, string? target, TimeProvider time)
    {
        var text = refusal.Text ?? Text(refusal.Code, requestType, isSignaling, session.Profile);
        if (session.Profile == Profile.V1 || isSignaling)
        {
            if (session.Profile == Profile.Legacy && requestType == MessageTypes.IceCandidate && refusal.Code != ErrorCode.InvalidToken)
                return;

            var retryAfterMs = (int?)refusal.RetryAfter?.TotalMilliseconds;
            session.Deliver(new ErrorMessage(
                text, refusal.Code, refusal.Code.Retryable, time.GetUtcNow(), requestType, id, target, retryAfterMs, refusal.Dropped, refusal.Reason));
        }
        else
        {
            session.Deliver(new SystemMessage(text));
        }
    }

    /// <summary>js-chat-server's own words, which depend on what was asked.</summary>
    private static string Text(ErrorCode code, string? requestType, bool isSignaling, Profile profile)
    {
        if (code == ErrorCode.InvalidTarget || code == ErrorCode.InvalidDescription)
            return requestType switch { MessageTypes.Offer => "Invalid offer data", MessageTypes.Answer => "Invalid answer data", _ => code.Text };
        if (code == ErrorCode.UnknownType)
            return isSignaling ? "Unknown WebRTC message type" : profile == Profile.Legacy ? ErrorCode.InvalidMessage.Text : code.Text;
        if (code == ErrorCode.InvalidToken && !isSignaling)
            return "Invalid session token.";
        return code.Text;
    }
}
