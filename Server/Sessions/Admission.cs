using System.Globalization;
using System.Security.Cryptography;
using MeshSignal.Protocol;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;

namespace MeshSignal.Server.Sessions;

/// <summary>Decides whether a new socket becomes a session, and under which name. Who may not come in is told why before the socket is closed.</summary>
internal sealed class Admission(SessionStore sessions, ScopeStore scopes, ICluster cluster, Readiness readiness, MeshSignalOptions options, TimeProvider time)
{
    /// <summary>How long the holder of a wanted name may stay silent after it was pinged.</summary>
    public static readonly TimeSpan EvictionTime = TimeSpan.FromSeconds(2);

    // So many four-digit names in use: the fifth digit makes the next try all but certain.
    private const int CollisionsBeforeLongerName = 20;

    private static readonly string[] Features = ["ack", "hold", "signal", "ice-servers"];

    /// <summary>Null if it was refused: then the connection is being closed.</summary>
    public async ValueTask<Session?> AdmitAsync(ConnectionRequest request, Connection connection)
    {
        var scope = RoomName.Lobby;
        if (!string.IsNullOrEmpty(request.Room) && !RoomName.TryParse(request.Room, out scope))
            return Refuse(connection, CloseCode.InvalidName, ErrorCode.InvalidRoom, ErrorCode.InvalidRoom.Text);

        var session = await ClaimAsync(request, scope, connection);
        if (session is null)
            return null;

        sessions.Add(session);
        try
        {
            Welcome(session, scope);
            return session;
        }
        catch
        {
            sessions.End(session, LeaveReason.Disconnected);
            throw;
        }
    }

    private void Welcome(Session session, RoomName scope)
    {
        session.Deliver(new SessionTokenMessage(
            session.Token.Reveal(), session.Username, session.Profile, Resumed: false, ResumeGraceMs: 0, Features));
        session.Deliver(new HeartbeatConfigMessage(
            (int)options.Heartbeat.Interval.TotalMilliseconds, (int)options.Heartbeat.Timeout.TotalMilliseconds));
        scopes.Enter(scope, session);

        // It may have waited for its name while the server began to stop; whoever is in the store later than this is told by nobody else.
        if (!readiness.IsReady)
            session.Connection.Close(CloseCode.ServiceRestart, "the server restarts");
    }

    private async ValueTask<Session?> ClaimAsync(ConnectionRequest request, RoomName scope, Connection connection)
    {
        var isListening = options.Chat.Enabled && request.Chat switch { "on" => true, "off" => false, _ => connection.Profile == Profile.Legacy };
        if (string.IsNullOrEmpty(request.Username))
            return await ClaimAnonymousAsync(scope, name => NewSession(connection, name, isListening));

        if (!Username.TryParse(request.Username, out var username))
            return Refuse(connection, CloseCode.InvalidName, ErrorCode.InvalidName, ErrorCode.InvalidName.Text, "Requirement: 3-20 characters alphanumeric.");

        var session = NewSession(connection, username, isListening);
        return !username.IsReserved && await ClaimFromSilentHolderAsync(scope, session)
            ? session
            : Refuse(connection, CloseCode.NameTaken, ErrorCode.NameTaken, ErrorCode.NameTaken.Text);
    }

    private async ValueTask<Session> ClaimAnonymousAsync(RoomName scope, Func<Username, Session> newSession)
    {
        for (var collisions = 0; ; collisions++)
        {
            var floor = collisions < CollisionsBeforeLongerName ? 1000 : 10_000;
            var number = RandomNumberGenerator.GetInt32(floor, floor * 10);
            if (!Username.TryParse(string.Create(CultureInfo.InvariantCulture, $"Anonymous{number}"), out var username))
                throw new InvalidOperationException("A generated name must be valid.");

            var session = newSession(username);
            if (await cluster.ClaimNameAsync(scope, username, session) is null)
                return session;
        }
    }

    /// <summary>A half-open socket must not keep its user from coming back: a holder that stays silent although it was asked gives way.</summary>
    private async ValueTask<bool> ClaimFromSilentHolderAsync(RoomName scope, Session session)
    {
        var holder = await cluster.ClaimNameAsync(scope, session.Username, session);
        if (holder is null)
            return true;
        if (await IsAliveAsync(holder.Connection))
            return false;

        holder.Connection.Abort();
        await holder.WhenEndedAsync();
        return await cluster.ClaimNameAsync(scope, session.Username, session) is null;
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

    private Session NewSession(Connection connection, Username username, bool isListening) =>
        new(connection, username, new ChatMember(isListening, options.Chat, time), new SlidingCount(20, TimeSpan.FromSeconds(10), time));

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
