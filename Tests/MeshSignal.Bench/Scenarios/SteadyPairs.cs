using MeshSignal.Bench.Servers;
using MeshSignal.Protocol;
using MeshSignal.Tests.Fuzz;

namespace MeshSignal.Bench.Scenarios;

/// <summary>Two pairs in calls, one of them among those who fuzz, who exchange messages all the time; and what a message of theirs costs the server.</summary>
internal sealed class SteadyPairs : IAsyncDisposable
{
    private readonly ServerProcess _server;
    private readonly FuzzTally _tally;
    private readonly TimeSpan _pace;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<FuzzSocket> _sockets = [];
    private readonly List<SteadyPair> _pairs = [];
    private Task _exchanging = Task.CompletedTask;

    private SteadyPairs(ServerProcess server, FuzzTally tally, TimeSpan pace) => (_server, _tally, _pace) = (server, tally, pace);

    public long Arrived => _pairs.Sum(pair => pair.Arrived);

    public static async Task<SteadyPairs> StartAsync(ServerProcess server, FuzzTally tally, TimeSpan pace)
    {
        var steady = new SteadyPairs(server, tally, pace);
        await steady.AddAsync(("calm-a", Profile.V1), ("calm-b", Profile.V1), "calm");
        await steady.AddAsync(("mixed-a", Profile.Legacy), ("mixed-b", Profile.V1), "group-0");
        steady._exchanging = Task.WhenAll(steady._pairs.Select(pair => Task.Run(() => steady.ExchangeAsync(pair))));
        return steady;
    }

    /// <summary>CPU time of the server for each message of theirs, in microseconds.</summary>
    public async Task<double> MeasureAsync(TimeSpan length)
    {
        var window = Begin();
        await Task.Delay(length, TimeProvider.System);
        return End(window);
    }

    public (TimeSpan Cpu, long Arrived) Begin() => (_server.CpuTime, Arrived);

    public double End((TimeSpan Cpu, long Arrived) begin) => (_server.CpuTime - begin.Cpu).TotalMicroseconds / Math.Max(1, Arrived - begin.Arrived);

    /// <summary>CPU time of the server, in microseconds, without what messages of theirs cost at that price.</summary>
    public double Besides((TimeSpan Cpu, long Arrived) begin, double price) =>
        (_server.CpuTime - begin.Cpu).TotalMicroseconds - (price * (Arrived - begin.Arrived));

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _exchanging;
        foreach (var socket in _sockets)
            await socket.CloseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _sockets.ForEach(socket => socket.Dispose());
        _stop.Dispose();
    }

    private async Task AddAsync((string Name, Profile Profile) caller, (string Name, Profile Profile) callee, string room)
    {
        var peers = new List<FuzzPeer>();
        foreach (var (name, profile) in new[] { caller, callee })
        {
            var (peer, socket) = await FuzzSocket.OpenAsync(_server.Address, profile, $"?username={name}&room={room}&chat=off");
            _sockets.Add(socket);
            peers.Add(peer);
        }

        _pairs.Add(await SteadyPair.InCallAsync(peers[0], peers[1]));
    }

    private async Task ExchangeAsync(SteadyPair pair)
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                await pair.ExchangeAsync();
                await Task.Delay(_pace, TimeProvider.System);
            }
        }
        catch (Exception e) when (e is FuzzFault or TimeoutException)
        {
            _tally.Fail($"a healthy pair: {e.Message}");
        }
    }
}
