using System.Diagnostics.Metrics;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Routing;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Connections;

/// <summary>Holds sessions to their <see cref="Policy.RateLimits"/>: what is too much is refused with a code, and who does not stop is closed.</summary>
internal sealed partial class FloodControl
{
    private readonly LimitOptions _limits;
    private readonly ILogger _log;
    private readonly Counter<long> _refused;
    private readonly SlidingCount _told;

    public FloodControl(MeshSignalOptions options, IMeterFactory meters, TimeProvider time, ILogger<FloodControl> log)
    {
        (_limits, _log, _told) = (options.Limits, log, new SlidingCount(10, TimeSpan.FromSeconds(10), time));
        _refused = meters.Create("MeshSignal").CreateCounter<long>("meshsignal.messages.rate_limited", "{message}", "Messages above a session's budgets");
    }

    /// <summary>Null if the message may pass.</summary>
    /// <param name="message">Null if it could not be read.</param>
    public Refusal? Judge(Session session, ClientMessage? message, int bytes)
    {
        if (session.Rate.TryTake(message, bytes, out var retryAfter))
            return null;

        Count(session);
        return _limits.DryRun ? null : new Refusal(ErrorCode.RateLimited) { RetryAfter = retryAfter };
    }

    /// <summary>A message was above a limit, this or one of the handlers'.</summary>
    public void Count(Session session)
    {
        _refused.Add(1);
        if (session.Rate.Refused() && MayTell())
            LogFlood(session.Id, _limits.DryRun ? "; limits are only tried" : "");
        if (session.Rate.IsFlooding && !_limits.DryRun)
            session.Connection?.Close(CloseCode.RateLimit, "you send too much");
    }

    private bool MayTell()
    {
        lock (_told)
            return _told.TryAdd(out _);
    }

    [LoggerMessage(LogLevel.Information, "Session {Session} sends more than its limits allow{Mode}. Of such lines there are ten in 10 s at most")]
    private partial void LogFlood(SessionId session, string mode);
}
