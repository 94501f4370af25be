using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Moderation;

/// <summary>What became of a wish to ban somebody.</summary>
/// <param name="IsFull">There is no room for one more, and nothing was done.</param>
/// <param name="IsStored">False if it ends with the server.</param>
/// <param name="Concerned">The sessions that are shown out.</param>
/// <param name="Gone">Completes when they are out. Whoever has a session's turn must not wait for it: that session may be among them, or wait for one that is.</param>
internal sealed record BanOutcome(bool IsFull, bool IsStored, IReadOnlyList<Session> Concerned, Task Gone);

/// <summary>
/// Shows people out. A session is ended with its turn, and whoever asks for it may have the turn of another session, or of that very one. So each turn is waited for in a task
/// that nobody with a turn awaits: two who kick each other at the same moment are both out, and nobody waits for ever.
/// </summary>
internal sealed partial class Moderator(SessionStore sessions, BanList bans, TimeProvider time, ILogger<Moderator> log)
{
    /// <summary>Ends the session, with its token, wherever its socket is. The result says whether it was still there; see <see cref="BanOutcome.Gone"/> for who may wait for it.</summary>
    public Task<bool> KickAsync(Session session, Authority by) => ShowOutAsync(session, Expulsion.Kick, by.Name, by);

    /// <summary>From now on nobody whom the ban concerns is let in, and who is in is shown out.</summary>
    public async ValueTask<BanOutcome> BanAsync(Ban ban, Authority by)
    {
        if (!bans.TryAdd(ban))
            return new BanOutcome(IsFull: true, IsStored: false, [], Task.CompletedTask);

        // Whoever is not in the store yet looks at the list once it is: ShowOutIfBanned.
        LogBanned(by, ban, ban.Name ?? ban.KnownAs);
        var concerned = sessions.All.Where(session => ban.Concerns(session.Identity.Subject, session.Username, session.Address)).ToList();
        var gone = Task.WhenAll(concerned.Select(session => ShowOutAsync(session, Expulsion.Ban, by.Name, by)));
        return new BanOutcome(IsFull: false, await bans.SaveAsync(), concerned, gone);
    }

    /// <summary>Takes bans back. The other result says whether that is stored.</summary>
    public async ValueTask<(IReadOnlyList<Ban> Removed, bool IsStored)> UnbanAsync(Func<Ban, bool> isMeant, Authority by)
    {
        var removed = bans.Remove(isMeant);
        foreach (var ban in removed)
            LogUnbanned(by, ban, ban.Name ?? ban.KnownAs);
        return (removed, removed.Count == 0 || await bans.SaveAsync());
    }

    /// <summary>For a session that has just come into the store, or got another name or address: the ban may be so new that its maker did not see it there.</summary>
    public void ShowOutIfBanned(Session session)
    {
        if (bans.Find(session.Identity.Subject, session.Username, session.Address) is { } ban)
            _ = ShowOutAsync(session, Expulsion.Ban, ban.By, by: null);
    }

    private async Task<bool> ShowOutAsync(Session session, Expulsion expulsion, string byName, Authority? by)
    {
        try
        {
            using var turn = await session.TakeTurnAsync();

            // Nobody gets away by beginning anew at the same moment.
            if (session.WhenEndedAsync().IsCompleted)
                return session.Successor is { } successor && await ShowOutAsync(successor, expulsion, byName, by);

            ShowOut(session, expulsion, byName);
            LogShownOut(session.Username, session.Id, expulsion.Verb, by?.ToString() ?? byName);
            return true;
        }
#pragma warning disable CA1031 // Whatever it is, it must not cost those who are shown out after this one, nor go unseen in a task that nobody waits for.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFault(e, session.Id);
            return true;
        }
    }

    private void ShowOut(Session session, Expulsion expulsion, string byName)
    {
        try
        {
            session.Deliver(session.Profile == Profile.V1
                ? new ErrorMessage(expulsion.Text, expulsion.Error, expulsion.Error.Retryable, time.GetUtcNow())
                : new SystemMessage(expulsion.Text));
            session.Scope?.Announce($"{session.Username} was {expulsion.Verb} by {byName}.");
        }
        finally
        {
            if (session.Connection is { } open)
                _ = open.CloseInTimeAsync(expulsion.CloseCode, expulsion.Verb);
            sessions.End(session, LeaveReason.Kicked);
        }
    }

    [LoggerMessage(LogLevel.Information, "{Username} (session {Session}) was {Verb} by {By}")]
    private partial void LogShownOut(Username username, SessionId session, string verb, string by);

    [LoggerMessage(LogLevel.Information, "Ban {Ban} was made by {By}; name: {Username}")]
    private partial void LogBanned(Authority by, Ban ban, Username? username);

    [LoggerMessage(LogLevel.Information, "Ban {Ban} was taken back by {By}; name: {Username}")]
    private partial void LogUnbanned(Authority by, Ban ban, Username? username);

    [LoggerMessage(LogLevel.Error, "Session {Session}: showing it out failed in part")]
    private partial void LogFault(Exception fault, SessionId session);
}
