using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Routing;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;

namespace MeshSignal.Server.Connections;

/// <summary>
/// The spine: the life of one connection, and the way of each message through it. A message is received, decoded, checked for the session's token and
/// routed; what comes back is the answer. The next one is received when that is done, so a peer's messages keep their order.
/// </summary>
internal sealed partial class ConnectionHandler(
    Admission admission, SessionStore sessions, MessageRouter router, MeshSignalOptions options, TimeProvider time, ILogger<ConnectionHandler> log)
{
    /// <summary>Runs as long as the socket lives. No exception of a peer's making leaves it.</summary>
    public async Task RunAsync(IMessageSocket socket, ConnectionRequest request)
    {
        var connection = new Connection(socket, request.Profile, options, time);
        var session = await admission.AdmitAsync(request, connection);
        if (session is not null)
            LogOpened(session.Id, session.Profile);

        var end = SocketEnd.Lost;
        try
        {
            end = await ServeAsync(socket, session);
        }
        finally
        {
            if (session is not null)
                End(session, end);
        }

        await connection.EndAsync(end);
        if (session is not null)
            LogEnded(LevelOf(end, connection.Closing), session.Id, end.Cause, connection.Closing?.Code ?? end.Code);
    }

    private void End(Session session, SocketEnd end)
    {
        try
        {
            // A Close of the peer's own says that it leaves; the echo of ours does not.
            var isLeaving = end.Cause == SocketEndCause.ClosedByPeer && session.Connection.Closing is null;
            sessions.End(session, isLeaving ? LeaveReason.Left : LeaveReason.Disconnected);
        }
#pragma warning disable CA1031 // As below: the socket still has to be closed in good order.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFault(e, session.Id, "the session's end");
        }
    }

    /// <summary>What an operator wants to know of: peers that had to be shown out.</summary>
    private static LogLevel LevelOf(SocketEnd end, Closing? closing) =>
        end.Cause == SocketEndCause.Violation || closing?.Code is CloseCode.SlowConsumer or CloseCode.BadToken ? LogLevel.Information : LogLevel.Debug;

    /// <summary>Handles what comes in until nothing does. What a refused client still sends is read and ignored, so that it sees why it was refused.</summary>
    private async Task<SocketEnd> ServeAsync(IMessageSocket socket, Session? session)
    {
        while (true)
        {
            using var received = await socket.ReceiveAsync();
            if (received.End is { } end)
                return end;

            if (session is not null)
                await HandleAsync(session, received.Message);
        }
    }

    private async ValueTask HandleAsync(Session session, ReadOnlyMemory<byte> utf8)
    {
        if (!MessageCodec.TryDecode(utf8, out var message, out var failure))
        {
            session.Refuse(failure, time);
            return;
        }

        if (message is not PingMessage && !session.Token.Matches(message.Token.Span))
        {
            session.Refuse(message, new Refusal(ErrorCode.InvalidToken), time);
            if (session.WrongTokens.Add())
                session.Connection.Close(CloseCode.BadToken, "too many wrong tokens");
            return;
        }

        session.Answer(message, await RouteAsync(session, message), time);
    }

    /// <summary>A fault of ours costs the sender one coded answer, and nobody anything else.</summary>
    private async ValueTask<Reply> RouteAsync(Session session, ClientMessage message)
    {
        try
        {
            return await router.RouteAsync(session, message);
        }
#pragma warning disable CA1031 // Whatever it is, it must not cost the connection: this is the one place where faults end.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFault(e, session.Id, message.Type);
            return new Refusal(ErrorCode.Internal);
        }
    }

    [LoggerMessage(LogLevel.Debug, "Session {Session} opened ({Profile})")]
    private partial void LogOpened(SessionId session, Profile profile);

    [LoggerMessage("Session {Session} ended: {Cause}, close code {Code:D}")]
    private partial void LogEnded(LogLevel level, SessionId session, SocketEndCause cause, CloseCode code);

    [LoggerMessage(LogLevel.Error, "Session {Session}: handling {MessageType} failed")]
    private partial void LogFault(Exception fault, SessionId session, string messageType);
}
