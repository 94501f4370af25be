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

/// <summary>Decides whether a new socket becomes a session, whose, and under which name. Who may not come in is told why before the socket is closed.</summary>
internal sealed class Admission(
    SessionStore sessions, Resumptions resumptions, Login login, NameClaims names, ScopeStore scopes, ICluster cluster, BanList bans, Moderator moderator, Readiness readiness,
    MeshSignalOptions options, TimeProvider time)
{
    /// <summary>What this server offers to v1.</summary>
    public static readonly string[] Features = ["ack", "hold", "signal", "ice-servers", "resume", "authenticate"];

    /// <summary>Null if it was refused: then the connection is being closed.</summary>
    public async ValueTask<Session?> AdmitAsync(ConnectionRequest request, Connection connection)
    {
        if (bans.Find(null, null, request.Address) is not null)
            return RefuseBanned(connection);
        if (request.Former is null)
            return await AdmitStrangerAsync(request, connection, null);

        var (former, turn) = await resumptions.TryAsync(request.Former, connection, request.Address);
        if (former.IsRefused)
            return Refuse(connection, CloseCode.BadToken, ErrorCode.InvalidToken);
        if (former.Resumed is not null)
            return CloseIfUnwanted(former.Resumed);
        if (former.Former is null)
            return await AdmitStrangerAsync(request, connection, former.Reason);

        Judgement judgement;
        using (turn)
        {
            judgement = login.Judge(request, former.Former.Identity);
            if (judgement.Identity is not null)
                return await LetInAsync(judgement, identity => ReplaceAsync(former.Former, request, identity, connection, former.Reason));
        }

        // Not with its turn: the refusal may take its time.
        await login.RefuseAsync(judgement, connection);
        return null;
    }

    /// <summary>Nobody who has a session, or whose new one takes the place of a former one: the limits on sockets are for these.</summary>
    private async ValueTask<Session?> AdmitStrangerAsync(ConnectionRequest request, Connection connection, string? reason) => request.Verdict switch
    {
        ConnectionVerdict.Ok => await LetInAsync(
            await login.IdentifyAsync(request, connection), identity => AdmitNewAsync(request, identity, connection, reason)),
        ConnectionVerdict.Full => Refuse(connection, CloseCode.TryAgainLater, ErrorCode.ServerFull, ErrorCode.ServerFull.Text),
        _ => Refuse(
            connection, CloseCode.TryAgainLater, ErrorCode.TooManyConnections, ErrorCode.TooManyConnectionsText(options.Limits.ConnectionsPerAddress)),
    };

    /// <summary>A token that is good for one session is used up by a session only: whoever asks for a name that is taken, or is banned, keeps it for the next attempt.</summary>
    private async ValueTask<Session?> LetInAsync(Judgement judgement, Func<Identity, ValueTask<Session?>> admitAsync)
    {
        Session? session = null;
        try
        {
            return session = judgement.Identity is { } identity ? await admitAsync(identity) : null;
        }
        finally
        {
            if (session is null)
                login.GiveBack(judgement);
        }
    }

    /// <summary>The former session ends in the same step in which the new one gets its name, so that nobody else can.</summary>
    private async ValueTask<Session?> ReplaceAsync(Session former, ConnectionRequest request, Identity identity, Connection connection, string? reason)
    {
        var successor = KeepsName(former, request, identity, reason) ? NewSession(connection, former.Username, identity, request, former) : null;
        if (successor is not null && !await cluster.PassNameAsync(former, successor))
            successor = null;

        if (former.Connection is { } open)
            _ = open.CloseInTimeAsync(CloseCode.Replaced, "the session was given up for another");
        try
        {
            sessions.End(former, reason == Resumption.Released ? LeaveReason.Left : LeaveReason.Expired);
        }
        catch when (successor is not null)
        {
            cluster.ReleaseName(successor);
            throw;
        }

        former.Successor = successor is null
            ? await AdmitNewAsync(request, identity, connection, reason, former)
            : await EnterAsync(successor, former.Scope!.Name, reason);
        return former.Successor;
    }

    /// <summary>Who meant to resume has its name, whatever stands in a URL that may be older than a /nick; who gave the session up may want another.</summary>
    private bool KeepsName(Session former, ConnectionRequest request, Identity identity, string? reason)
    {
        if (former.Scope is not { } scope || scope.Name != ScopeFor(request, identity) || !identity.MayEnter(scope.Name))
            return false;
        if (!identity.MayBear(former.Username) || bans.Find(identity.Subject, former.Username, null) is not null)
            return false;
        return reason == Resumption.Incomplete || string.IsNullOrEmpty(request.Username)
            || (Username.TryParse(request.Username, out var wanted) && wanted.Key == former.Username.Key);
    }

    private async ValueTask<Session?> AdmitNewAsync(ConnectionRequest request, Identity identity, Connection connection, string? reason, Session? former = null)
    {
        if (ScopeFor(request, identity) is not { } scope)
            return Refuse(connection, CloseCode.InvalidName, ErrorCode.InvalidRoom, ErrorCode.InvalidRoom.Text);
        if (!identity.MayEnter(scope))
            return Refuse(connection, CloseCode.BadToken, ErrorCode.Forbidden, ErrorCode.Forbidden.Text);
        return await ClaimAsync(request, identity, scope, connection, former) is { } session ? await EnterAsync(session, scope, reason) : null;
    }

    /// <summary>Null if what was asked for is no room.</summary>
    private static RoomName? ScopeFor(ConnectionRequest request, Identity identity) =>
        string.IsNullOrEmpty(request.Room) ? identity.OnlyRoom ?? RoomName.Lobby : RoomName.TryParse(request.Room, out var room) ? room : null;

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

    private async ValueTask<Session?> ClaimAsync(ConnectionRequest request, Identity identity, RoomName scope, Connection connection, Session? former)
    {
        var wanted = string.IsNullOrEmpty(request.Username) ? identity.Name?.Value : request.Username;
        if (wanted is null)
            return bans.Find(identity.Subject, null, null) is null
                ? await names.ClaimAnyAsync(scope, name => NewSession(connection, name, identity, request, former))
                : RefuseBanned(connection);

        if (!Username.TryParse(wanted, out var username))
            return Refuse(connection, CloseCode.InvalidName, ErrorCode.InvalidName, ErrorCode.InvalidName.Text, "Requirement: 3-20 characters alphanumeric.");
        if (bans.Find(identity.Subject, username, null) is not null)
            return RefuseBanned(connection);

        if (identity.Name is { } own && own.Key != username.Key)
            return Refuse(connection, CloseCode.BadToken, ErrorCode.Forbidden, ErrorCode.Forbidden.Text);

        var session = NewSession(connection, identity.Name ?? username, identity, request, former);
        return identity.MayBear(username) && await names.TryClaimAsync(scope, session)
            ? session
            : Refuse(connection, CloseCode.NameTaken, ErrorCode.NameTaken, ErrorCode.NameTaken.Text);
    }

    private bool IsListening(ConnectionRequest request, Connection connection) =>
        options.Chat.Enabled && request.Chat switch { "on" => true, "off" => false, _ => connection.Profile == Profile.Legacy };

    /// <param name="former">The session whose place it takes, if there is one: its limits go on.</param>
    private Session NewSession(Connection connection, Username username, Identity identity, ConnectionRequest request, Session? former) =>
        new(
            connection, username, new ChatMember(IsListening(request, connection), options.Chat, time, former?.Chat),
            former?.WrongTokens ?? new SlidingCount(20, TimeSpan.FromSeconds(10), time), former?.Rate ?? new RateLimits(options.Limits, time),
            connection.Profile == Profile.V1 && options.Sessions.ResumeGrace > TimeSpan.Zero ? new ReplayLog(options.Sessions) : null, time)
        {
            Identity = identity,
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
