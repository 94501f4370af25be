using System.Globalization;
using System.Security.Cryptography;
using MeshSignal.Protocol;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Moderation;

namespace MeshSignal.Server.Sessions;

/// <summary>Gets a new session its name, if need be from somebody who is not there any more, or who is the same person.</summary>
internal sealed class NameClaims(SessionStore sessions, ICluster cluster, BanList bans, TimeProvider time)
{
    /// <summary>How long the holder of a wanted name may stay silent after it was pinged.</summary>
    public static readonly TimeSpan EvictionTime = TimeSpan.FromSeconds(2);

    // So many four-digit names in use: the fifth digit makes the next try all but certain.
    private const int CollisionsBeforeLongerName = 20;

    /// <summary>A name that nobody has asked for.</summary>
    public async ValueTask<Session> ClaimAnyAsync(RoomName scope, Func<Username, Session> newSession)
    {
        for (var collisions = 0; ; collisions++)
        {
            var floor = collisions < CollisionsBeforeLongerName ? 1000 : 10_000;
            var number = RandomNumberGenerator.GetInt32(floor, floor * 10);
            if (!Username.TryParse(string.Create(CultureInfo.InvariantCulture, $"Anonymous{number}"), out var username))
                throw new InvalidOperationException("A generated name must be valid.");

            var session = newSession(username);
            if (bans.Find(null, username, null) is null && await cluster.ClaimNameAsync(scope, username, session) is null)
                return session;
        }
    }

    /// <summary>A half-open socket must not keep its user from coming back: a holder that stays silent although it was asked gives way, and the same person's at once.</summary>
    public async ValueTask<bool> TryClaimAsync(RoomName scope, Session session)
    {
        var holder = await cluster.ClaimNameAsync(scope, session.Username, session);
        if (holder is null)
            return true;

        var connection = holder.Connection;
        if (IsSamePerson(holder, session))
            await ReplaceAsync(holder, session);
        else if (connection is null || !await IsAliveAsync(connection))
            await EvictAsync(holder, connection);

        // Also if it was alive: that may have been its Close.
        return await cluster.ClaimNameAsync(scope, session.Username, session) is null;
    }

    private static bool IsSamePerson(Session holder, Session session) => session.Identity.Subject is { } subject && holder.Identity.Subject == subject;

    private async ValueTask ReplaceAsync(Session holder, Session successor)
    {
        using var turn = await holder.TakeTurnAsync();
        if (!IsSamePerson(holder, successor))
            return;

        if (holder.Connection is { } open)
            _ = open.CloseInTimeAsync(CloseCode.Replaced, "you have connected anew");
        sessions.End(holder, LeaveReason.Replaced);
    }

    private async ValueTask EvictAsync(Session holder, Connection? silent)
    {
        using var turn = await holder.TakeTurnAsync();

        // It may have come back at another socket meanwhile, or be waited for since. Such a one keeps its name, for its client has the token to come back with;
        // but if none was ever shown, the client may have lost its socket before it read it, and is the very one that now asks for the name.
        var connection = holder.Connection;
        if (connection is null ? holder.Tokens.IsSeen : connection != silent)
            return;

        connection?.Abort();
        sessions.End(holder, LeaveReason.Disconnected);
    }

    private async ValueTask<bool> IsAliveAsync(Connection connection)
    {
        if (connection.Silence < EvictionTime)
            return true;

        // Not by its silence afterwards: its answer may be as old as the ping, and timers are late.
        var lastFrameAt = connection.LastFrameAt;
        connection.AskForLife();
        await Task.Delay(EvictionTime, time);
        return connection.LastFrameAt != lastFrameAt;
    }
}
