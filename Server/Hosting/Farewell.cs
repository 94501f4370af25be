using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Hosting;

/// <summary>When the server stops: no new clients, and every peer gets a Close that says to come back, before the web server takes the sockets away.</summary>
internal sealed class Farewell(Readiness readiness, SessionStore sessions, TimeProvider time) : IHostedLifecycleService
{
    /// <summary>How long the peers may take to answer the Close.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        readiness.Stop();
        using var deadline = new CancellationTokenSource(Patience, time);
        try
        {
            // Again until nobody is left: a few may have been on their way in.
            while (sessions.Count > 0)
            {
                foreach (var session in sessions.All)
                    session.Connection.Close(CloseCode.ServiceRestart, "the server restarts");
                foreach (var session in sessions.All)
                    await session.WhenEndedAsync().WaitAsync(deadline.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Whoever has not answered by now loses the socket with the process.
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
