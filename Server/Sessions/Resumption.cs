using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Transport;

namespace MeshSignal.Server.Sessions;

/// <summary>What became of the session that a new socket named.</summary>
/// <param name="Resumed">The session that goes on at this socket.</param>
/// <param name="Former">A session that cannot go on, and whose name the new one gets. Its turn is held.</param>
/// <param name="Reason">Why it is not resumed.</param>
/// <param name="IsRefused">Its token has been replaced by a later one that was used: nothing is given to whoever shows it.</param>
internal readonly record struct Resumption(Session? Resumed = null, Session? Former = null, string? Reason = null, bool IsRefused = false)
{
    /// <summary>Nobody holds that token.</summary>
    public const string Unknown = "unknown";

    /// <summary>What was missed is not there any more, or the count is none.</summary>
    public const string Incomplete = "incomplete";

    /// <summary>The client gave it up.</summary>
    public const string Released = "released";
}

/// <summary>Brings a session back to a client that has lost its socket.</summary>
internal sealed partial class Resumptions(SessionStore sessions, SessionsOptions options, ILogger<Resumptions> log)
{
    /// <summary>An unknown token is no failure: its session may be long over. The turn of <see cref="Resumption.Former"/> is the caller's then.</summary>
    public async ValueTask<(Resumption Result, Session.Turn Turn)> TryAsync(FormerSession named, Connection connection, ClientAddress? address)
    {
        var token = SessionToken.HashOf(named.Token);
        if (sessions.Find(token) is not { } session)
            return (new Resumption(Reason: Resumption.Unknown), default);

        var turn = await session.TakeTurnAsync();
        if (sessions.Find(token) != session)
        {
            turn.Dispose();
            return (new Resumption(Reason: Resumption.Unknown), default);
        }

        if (session.Tokens.StandingOf(token) == TokenStanding.Retired)
        {
            turn.Dispose();
            LogRetired(session.Id);
            return (new Resumption(IsRefused: true), default);
        }

        try
        {
            if (named.Received is { } received && Resume(session, token, received, connection))
            {
                session.Address = address;
                turn.Dispose();
                return (new Resumption(session), default);
            }
        }
        catch
        {
            // It may be at the new socket already, which nobody will serve.
            sessions.End(session, LeaveReason.Disconnected);
            turn.Dispose();
            throw;
        }

        return (new Resumption(Former: session, Reason: named.Received is null ? Resumption.Released : Resumption.Incomplete), turn);
    }

    private bool Resume(Session session, TokenHash token, long received, Connection connection)
    {
        if (!session.CanResume || !session.TryAttach(connection, received, () => Greet(session, token), out var former))
            return false;

        // It may still seem alive to us, though not to its client.
        if (former is not null)
            _ = former.CloseInTimeAsync(CloseCode.Replaced, "the session goes on at another socket");
        session.Peer?.Room.Resumed(session.Peer);
        return true;
    }

    private EncodedMessage Greet(Session session, TokenHash shown)
    {
        if (session.Tokens.Rotate(shown) is { } forgotten)
            sessions.Forget(forgotten);
        sessions.Index(session);
        return MessageCodec.Encode(new SessionTokenMessage(
            session.Tokens.Current.Reveal(), session.Username, session.Profile, Resumed: true, (int)options.ResumeGrace.TotalMilliseconds, Admission.Features));
    }

    [LoggerMessage(LogLevel.Information, "Session {Session}: a token that it has replaced was shown to resume it; somebody may have copied it")]
    private partial void LogRetired(SessionId session);
}
