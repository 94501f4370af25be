using MeshSignal.Server.Connections;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Hosting;

/// <summary>Once a second: who has gone silent, who does not read, who did not come back, what is due in the rooms. One timer for all, however many they are.</summary>
internal sealed partial class Upkeep(Liveness liveness, SessionStore sessions, RoomStore rooms, TurnSecret turnSecret, TimeProvider time, ILogger<Upkeep> log) : IHostedService, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private ITimer? _timer;

    public Task StartAsync(CancellationToken cancellationToken)
    {
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
        try
        {
            liveness.Check();
            sessions.ExpireAway();
            rooms.KeepUp();
            turnSecret.Refresh();
        }
#pragma warning disable CA1031 // An exception that leaves a timer ends the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFault(e);
        }
    }

    [LoggerMessage(LogLevel.Error, "Upkeep failed")]
    private partial void LogFault(Exception fault);
}
