using MeshSignal.Server.Connections;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Hosting;

/// <summary>Once a second: who has gone silent, who does not read, who did not come back, what is due in the rooms. One timer for all, however many they are.</summary>
internal sealed partial class Upkeep(Liveness liveness, SessionStore sessions, RoomStore rooms, TurnSecret turnSecret, TimeProvider time, ILogger<Upkeep> log) : IHostedService, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestGap = 3 * Period;

    private ITimer? _timer;
    private long _lastRunAt;
    private bool _hasWaited;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _lastRunAt = time.GetTimestamp();
        _timer = time.CreateTimer(static upkeep => ((Upkeep)upkeep!).Run(), this, Period, Period);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    private void Run()
    {
        // The whole process was stopped, as a virtual machine is when it moves: what the peers have sent meanwhile is read first, before anybody is called silent or late.
        var now = time.GetTimestamp();
        var wasStopped = !_hasWaited && time.GetElapsedTime(_lastRunAt, now) > LongestGap;
        (_lastRunAt, _hasWaited) = (now, wasStopped);
        if (wasStopped)
            return;

        Try(liveness.Check);
        Try(sessions.ExpireAway);
        Try(rooms.KeepUp);
        Try(turnSecret.Refresh);
    }

    private void Try(Action duty)
    {
        try
        {
            duty();
        }
#pragma warning disable CA1031 // An exception that leaves a timer ends the process, and one duty must not keep the others from being done.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFault(e);
        }
    }

    [LoggerMessage(LogLevel.Error, "Upkeep failed")]
    private partial void LogFault(Exception fault);
}
