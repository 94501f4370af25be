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
    Admission admission, SessionStore sessions, FloodControl floods, MessageRouter router, MeshSignalOptions options, TimeProvider time, ILogger<ConnectionHandler> log)
{
    // Of messages that have all come in already. The writers of those who get them wait on this thread's queue meanwhile, and theirs fill.
    private const int LongestRow = 8;

    /// <summary>Runs as long as the socket lives. No exception leaves it.</summary>
    public async Task RunAsync(IMessageSocket socket, ConnectionRequest request)
    {
        var connection = new Connection(socket, request.Profile, options, time);
        var end = SocketEnd.Failed;
        try
        {
            var session = await admission.AdmitAsync(request, connection);
            end = session is null ? connection.End ?? await IgnoreAsync(socket) : await ServeAsync(socket, connection, session);
        }
#pragma warning disable CA1031 // Whatever it is, the socket still has to be closed in good order, and nobody else's business is touched.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFault(e);
        }

        await connection.EndAsync(end);
        if (connection.Fault is { } fault)
            LogFault(fault);
    }

    /// <summary>What a refused client still sends is read and not looked at: with unread input its socket would be reset, and it might never see why.</summary>
    private static async Task<SocketEnd> IgnoreAsync(IMessageSocket socket)
    {
        while (true)
        {
            using var received = await socket.ReceiveAsync();
            if (received.End is { } end)
                return end;
        }
    }

    private async Task<SocketEnd> ServeAsync(IMessageSocket socket, Connection connection, Session session)
    {
        LogOpened(session.Id, session.Profile);
        var end = SocketEnd.Failed;
        try
        {
            for (var inARow = 0; ; inARow++)
            {
                var receiving = socket.ReceiveAsync();
                if (!receiving.IsCompleted)
                    inARow = 0;
                using var received = await receiving;
                if (received.End is not null)
                    return end = received.End;

                if (!await TryHandleAsync(connection, session, received.Message))
                    return end = await IgnoreAsync(socket);

                if (inARow == LongestRow)
                {
                    await Task.Yield();
                    inARow = 0;
                }

                // Whoever floods waits, at its own end of the socket.
                if (session.Rate.Pause is var pause && pause > TimeSpan.Zero)
                    await Task.Delay(pause, time);
            }
        }
        finally
        {
            await EndAsync(connection, session, end);
        }
    }

    /// <summary>False if the session goes on at another socket, or not at all.</summary>
    private async ValueTask<bool> TryHandleAsync(Connection connection, Session session, ReadOnlyMemory<byte> utf8)
    {
        using var turn = await session.TakeTurnAsync();
        if (session.Connection != connection)
            return false;

        await HandleAsync(session, utf8);
        return true;
    }

    private async ValueTask HandleAsync(Session session, ReadOnlyMemory<byte> utf8)
    {
        if (!MessageCodec.TryDecode(utf8, out var message, out var failure))
        {
            // Whoever does not know the token is told that, and not what else is wrong.
            var isForeign = failure.Token is { } token && !session.Tokens.Accept(token.Span);
            var refusal = isForeign ? new Refusal(ErrorCode.InvalidToken) : floods.Judge(session, null, utf8.Length) ?? new Refusal(failure.Code);
            session.Refuse(failure, refusal, time);
            if (isForeign)
                CountWrongToken(session);
            return;
        }

        // What needs no token may bear a new one, which tells that this has arrived.
        if (!session.Tokens.Accept(message.Token.Span) && message.NeedsToken)
        {
            session.Refuse(message, new Refusal(ErrorCode.InvalidToken), time);
            CountWrongToken(session);
            return;
        }

        if (floods.Judge(session, message, utf8.Length) is { } excess)
        {
            session.Refuse(message, excess, time);
            return;
        }

        var reply = await RouteAsync(session, message);
        if (reply.Refusal?.Code == ErrorCode.RateLimited)
            floods.Count(session);
        session.Answer(message, reply, time);
    }

    private static void CountWrongToken(Session session)
    {
        if (session.WrongTokens.Add())
            session.Connection?.Close(CloseCode.BadToken, "too many wrong tokens");
    }

    /// <summary>A fault of ours costs the sender one coded answer, and nobody anything else.</summary>
    private async ValueTask<Reply> RouteAsync(Session session, ClientMessage message)
    {
        try
        {
            return await router.RouteAsync(session, message);
        }
#pragma warning disable CA1031 // Whatever it is, it must not cost the connection.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFault(e, session.Id, message.Type);
            return new Refusal(ErrorCode.Internal);
        }
    }

    private async ValueTask EndAsync(Connection connection, Session session, SocketEnd end)
    {
        // A Close of the peer's own says that it leaves; the echo of ours, with our code or none (RFC 6455 section 5.5.1), does not. That a write has failed is no Close.
        var closing = connection.Closing is { Code: not CloseCode.GoingAway } sent ? sent : null;
        var isLeaving = end.Cause == SocketEndCause.ClosedByPeer && !(closing is not null && (end.HasNoCode || end.Code == closing.Code));
        LogEnded(LevelOf(end, closing), session.Id, end.Cause, closing?.Code ?? end.Code);

        using var turn = await session.TakeTurnAsync();
        if (session.Connection != connection)
            return;

        var mayResume = !isLeaving && (closing?.IsResumable ?? end.Cause == SocketEndCause.Lost);
        sessions.Disconnect(session, mayResume, isLeaving ? LeaveReason.Left : LeaveReason.Disconnected);
    }

    /// <summary>An operator wants to know of peers that had to be shown out.</summary>
    private static LogLevel LevelOf(SocketEnd end, Closing? closing) =>
        end.Cause == SocketEndCause.Violation || closing?.Code is CloseCode.SlowConsumer or CloseCode.BadToken ? LogLevel.Information : LogLevel.Debug;

    [LoggerMessage(LogLevel.Debug, "Session {Session} opened ({Profile})")]
    private partial void LogOpened(SessionId session, Profile profile);

    [LoggerMessage("Session {Session}: its socket ended: {Cause}, close code {Code:D}")]
    private partial void LogEnded(LogLevel level, SessionId session, SocketEndCause cause, CloseCode code);

    [LoggerMessage(LogLevel.Error, "A connection could not be served")]
    private partial void LogFault(Exception fault);

    [LoggerMessage(LogLevel.Error, "Session {Session}: handling {MessageType} failed")]
    private partial void LogFault(Exception fault, SessionId session, string messageType);
}
