using System.Security.Cryptography;
using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Hosting;

/// <summary>
/// When the server stops: no new clients, v1 peers are told when to come back, and every peer gets a Close that says to do so, some at a time, before the web server takes the
/// sockets away.
/// </summary>
internal sealed class Farewell(Readiness readiness, SessionStore sessions, SessionsOptions options, TimeProvider time) : IHostedLifecycleService
{
    /// <summary>The most that a peer is asked to wait before it comes back.</summary>
    public static readonly TimeSpan LongestReconnectDelay = TimeSpan.FromSeconds(15);

    /// <summary>How long the peers may take to answer the last Close.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>What the rest of the host may take to stop.</summary>
    public static readonly TimeSpan HostTime = TimeSpan.FromSeconds(5);

    private const int Batches = 20;

    /// <summary>When to come back: not all at once. Whoever is closed first and came back at once would find this process still draining.</summary>
    public static DrainingMessage Notice(SessionsOptions options)
    {
        var shortest = options.DrainTime < LongestReconnectDelay / 2 ? options.DrainTime : LongestReconnectDelay / 2;
        return new DrainingMessage(RandomNumberGenerator.GetInt32((int)shortest.TotalMilliseconds, (int)LongestReconnectDelay.TotalMilliseconds));
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        readiness.Stop();
        foreach (var session in sessions.All)
            if (session is { Profile: Profile.V1, IsGreeted: true })
                session.Deliver(Notice(options));

        var closed = new List<Connection>();
        for (var left = Batches; left > 0; left--)
        {
            // Who has not been greeted yet is told, and closed, by whoever lets it in.
            var connected = sessions.All.Where(static session => session.IsGreeted)
                .Select(static session => session.Connection).OfType<Connection>().Where(static connection => connection.Closing is null).ToList();
            foreach (var connection in connected.Take((connected.Count + left - 1) / left))
            {
                connection.Close(CloseCode.ServiceRestart, "the server restarts");
                closed.Add(connection);
            }

            if (left > 1 && connected.Count > 0)
                await Task.Delay(options.DrainTime / Batches, time, CancellationToken.None);
        }

        await WaitAsync(closed);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task WaitAsync(List<Connection> closed)
    {
        try
        {
            await Task.WhenAll(closed.Select(static connection => connection.WhenEndedAsync())).WaitAsync(Patience, time);
        }
        catch (TimeoutException)
        {
            // Whoever has not answered by now loses the socket with the process.
        }
    }
}
