using System.Globalization;
using System.Security.Cryptography;
using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Transport;

namespace MeshSignal.Server.Sessions;

/// <summary>Decides whether a new socket becomes a session, and under which name. Who may not come in is told why before the socket is closed.</summary>
internal sealed class Admission(
    SessionStore sessions, Resumptions resumptions, ScopeStore scopes, ICluster cluster, BanList bans, Moderator moderator, Readiness readiness, MeshSignalOptions options,
    TimeProvider time)
{
    /// <summary>What this server offers to v1.</summary>
    public static readonly string[] Features = ["ack", "hold", "signal", "ice-servers", "resume"];

    /// <summary>How long the holder of a wanted name may stay silent after it was pinged.</summary>
    public static readonly TimeSpan EvictionTime = TimeSpan.FromSeconds(2);

    // So many four-digit names in use: the fifth digit makes the next try all but certain.
    private const int CollisionsBeforeLongerName = 20;

    /// <summary>Null if it was refused: then the connection is being closed.</summary>
    public async ValueTask<Session?> AdmitAsync(ConnectionRequest request, Connection connection)
    {
        RoomName? scope = string.IsNullOrEmpty(request.Room) ? RoomName.Lobby : RoomName.TryParse(request.Room, out var room) ? room : null;
        if (bans.Find(Identity.Anonymous.Subject, null, request.Address) is not null)
            return RefuseBanned(connection);
        if (request.Former is null)
            return await AdmitStrangerAsync(request, scope, connection, null);

        var (former, turn) = await resumptions.TryAsync(request.Former, connection, request.Address);
        if (former.IsRefused)
            return Refuse(connection, CloseCode.BadToken, ErrorCode.InvalidToken);
        if (former.Resumed is not null)
            return CloseIfUnwanted(former.Resumed);
        if (former.Former is null)
            return await AdmitStrangerAsync(request, scope, connection, former.Reason);

        using (turn)
            return await ReplaceAsync(former.Former, request, scope, connection, former.Reason);
    }

    /// <summary>Nobody who has a session, or whose new one takes the place of a former one: the limits on sockets are for these.</summary>
    private async ValueTask<Session?> AdmitStrangerAsync(ConnectionRequest request, RoomName? scope, Connection connection, string? reason) => request.Verdict switch
    {
        ConnectionVerdict.Ok => await AdmitNewAsync(request, scope, connection, reason),
        ConnectionVerdict.Full => Refuse(connection, CloseCode.TryAgainLater, ErrorCode.ServerFull, ErrorCode.ServerFull.Text),
        _ => Refuse(
            connection, CloseCode.TryAgainLater, ErrorCode.TooManyConnections, ErrorCode.TooManyConnectionsText(options.Limits.ConnectionsPerAddress)),
    };

    /// <summary>The former session ends in the same step in which the new one gets its name, so that nobody else can.</summary>
    private async ValueTask<Session?> ReplaceAsync(Session former, ConnectionRequest request, RoomName? scope, Connection connection, string? reason)
    {
        // Who meant to resume has its name, whatever stands in a URL that may be older than a /nick; who gave the session up may want another.
        var keepsName = former.Scope?.Name == scope
            && (reason == Resumption.Incomplete || string.IsNullOrEmpty(request.Username) || (Username.TryParse(request.Username, out var wanted) && wanted.Key == former.Username.Key));
        var successor = keepsName ? NewSession(connection, former.Username, IsListening(request, connection), request) : null;
        if (successor is not null && !await cluster.PassNameAsync(former, successor))
            successor = null;

        if (former.Connection is { } open)
            _ = open.CloseInTimeAsync(CloseCode.Replaced, "the session was given up for another");
        sessions.End(former, reason == Resumption.Released ? LeaveReason.Left : LeaveReason.Expired);
        return successor is null ? await AdmitNewAsync(request, scope, connection, reason) : await EnterAsync(successor, former.Scope!.Name, reason);
    }

    private async ValueTask<Session?> AdmitNewAsync(ConnectionRequest request, RoomName? wanted, Connection connection, string? reason)
    {
        if (wanted is not { } scope)
            return Refuse(connection, CloseCode.InvalidName, ErrorCode.InvalidRoom, ErrorCode.InvalidRoom.Text);
        return await ClaimAsync(request, scope, connection) is { } session ? await EnterAsync(session, scope, reason) : null;
    }

    /// <summary>With its turn from the beginning: its client may come back to it, or give it up, as soon as it has its token.</summary>
    private async ValueTask<Session?> EnterAsync(Session session, RoomName scope, string? reason)
    {
        using var turn = await session.TakeTurnAsync();
        sessions.Add(session);
        try
        {
            Welcome(session, scope, reason);
            return session;
        }
        catch
        {
            sessions.End(session, LeaveReason.Disconnected);
            throw;
        }
    }

    /// <param name="reason">Why the session that was asked for is not resumed, if one was.</param>
    private void Welcome(Session session, RoomName scope, string? reason)
    {
        var grace = session.CanResume ? options.Sessions.ResumeGrace : TimeSpan.Zero;
        session.Greet(MessageCodec.Encode(new SessionTokenMessage(
            session.Tokens.Current.Reveal(), session.Username, session.Profile, Resumed: false, (int)grace.TotalMilliseconds, Features, reason)));
        session.Deliver(new HeartbeatConfigMessage(
            (int)options.Heartbeat.Interval.TotalMilliseconds, (int)options.Heartbeat.Timeout.TotalMilliseconds));
        scopes.Enter(scope, session);

        if (!readiness.IsReady && session.Profile == Profile.V1)
            session.Deliver(Farewell.Notice(options.Sessions));
        CloseIfUnwanted(session);
    }

    /// <summary>It may have waited for its name while the server began to stop, or while it was banned; whoever is in the store later than this is told by nobody else.</summary>
    private Session CloseIfUnwanted(Session session)
    {
        moderator.ShowOutIfBanned(session);
        if (!readiness.IsReady)
            session.Connection?.Close(CloseCode.ServiceRestart, "the server restarts");
        return session;
    }

    private async ValueTask<Session?> ClaimAsync(ConnectionRequest request, RoomName scope, Connection connection)
    {
        var isListening = IsListening(request, connection);
        if (string.IsNullOrEmpty(request.Username))
            return await ClaimAnonymousAsync(scope, name => NewSession(connection, name, isListening, request));

        if (!Username.TryParse(request.Username, out var username))
            return Refuse(connection, CloseCode.InvalidName, ErrorCode.InvalidName, ErrorCode.InvalidName.Text, "Requirement: 3-20 characters alphanumeric.");

        var session = NewSession(connection, username, isListening, request);
        if (bans.Find(session.Identity.Subject, username, session.Address) is not null)
            return RefuseBanned(connection);
        return !username.IsReserved && await ClaimFromSilentHolderAsync(scope, session)
            ? session
            : Refuse(connection, CloseCode.NameTaken, ErrorCode.NameTaken, ErrorCode.NameTaken.Text);
    }

    private bool IsListening(ConnectionRequest request, Connection connection) =>
        options.Chat.Enabled && request.Chat switch { "on" => true, "off" => false, _ => connection.Profile == Profile.Legacy };

    private async ValueTask<Session> ClaimAnonymousAsync(RoomName scope, Func<Username, Session> newSession)
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

    /// <summary>A half-open socket must not keep its user from coming back: a holder that stays silent although it was asked gives way.</summary>
    private async ValueTask<bool> ClaimFromSilentHolderAsync(RoomName scope, Session session)
    {
        var holder = await cluster.ClaimNameAsync(scope, session.Username, session);
        if (holder is null)
            return true;
        var connection = holder.Connection;
        if (connection is null || !await IsAliveAsync(connection))
            await EvictAsync(holder, connection);

        // Also if it was alive: that may have been its Close.
        return await cluster.ClaimNameAsync(scope, session.Username, session) is null;
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

    private Session NewSession(Connection connection, Username username, bool isListening, ConnectionRequest request) =>
        new(
            connection, username, new ChatMember(isListening, options.Chat, time), new SlidingCount(20, TimeSpan.FromSeconds(10), time), new RateLimits(options.Limits, time),
            connection.Profile == Profile.V1 && options.Sessions.ResumeGrace > TimeSpan.Zero ? new ReplayLog(options.Sessions) : null, time)
        {
            Address = request.Address,
        };

    private Session? RefuseBanned(Connection connection) => Refuse(connection, CloseCode.Banned, ErrorCode.Banned, ErrorCode.Banned.Text);

    private Session? Refuse(Connection connection, CloseCode closeCode, ErrorCode code, params ReadOnlySpan<string> legacyTexts)
    {
        if (connection.Profile == Profile.V1)
            connection.Deliver(MessageCodec.Encode(new ErrorMessage(code.Text, code, code.Retryable, time.GetUtcNow())));
        else
            foreach (var text in legacyTexts)
                connection.Deliver(MessageCodec.Encode(new SystemMessage(text)));

        connection.Close(closeCode, code.Wire);
        return null;
    }
}
