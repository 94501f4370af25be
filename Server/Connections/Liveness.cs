using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Connections;

/// <summary>Asks silent peers for a sign of life and closes the dead. Any whole frame is life: a ping, a pong, a message, even a wrong one.</summary>
internal sealed class Liveness(SessionStore sessions, HeartbeatOptions heartbeat)
{
    /// <summary>How long a pinged peer may stay silent.</summary>
    public static readonly TimeSpan PongTimeout = TimeSpan.FromSeconds(10);

    private static readonly EncodedMessage TimeoutNotice =
        MessageCodec.Encode(new SystemMessage("Disconnected: Heartbeat timeout (no ping received)"));

    /// <summary>The longest silence, however the two limits are set.</summary>
    private readonly TimeSpan _longestSilence =
        heartbeat.Timeout < heartbeat.PingInterval + PongTimeout ? heartbeat.Timeout : heartbeat.PingInterval + PongTimeout;

    /// <summary>Called every second.</summary>
    public void Check()
    {
        foreach (var session in sessions.All)
        {
            if (session.Connection is not { } connection)
                continue;

            connection.CheckSendDeadlines();
            var silence = connection.Silence;
            if (silence >= _longestSilence)
                Close(session, connection);
            else if (silence >= heartbeat.PingInterval)
                connection.AskForLife();
        }
    }

    private static void Close(Session session, Connection connection)
    {
        if (session.Profile == Profile.Legacy)
            session.Deliver(TimeoutNotice);
        connection.Close(CloseCode.HeartbeatTimeout, "no sign of life");
    }
}
