using System.Diagnostics;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>A restart under load: the server is asked to end, a new one takes its port, and every client does what the protocol asks of it.</summary>
internal static class DrainScenario
{
    private const int UsualClients = 2000;
    private const int LegacyShare = 20;
    private const int MostPauseMs = 15_000;
    private const int RoomShare = 5;
    private static readonly TimeSpan BackWithin = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan MedianWithin = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(20);

    // The drain itself is 5 s and up to 3 s for the last answers.
    private static readonly TimeSpan ProcessPatience = TimeSpan.FromSeconds(30);

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        var (v1, legacy) = (options.Clients ?? UsualClients, Math.Max(1, (options.Clients ?? UsualClients) / LegacyShare));
        Crowd.RequireFiles(v1 + legacy);
        using var old = MeshSignalServer.Start(options, cancel);
        Visitor[] visitors = [.. Enumerable.Range(0, v1 + legacy).Select(number => new Visitor(old, number, number >= v1, number % RoomShare < 2))];
        try
        {
            Crowd.ConnectAsync(visitors.Select(static visitor => visitor.Peer), cancel).Wait(cancel);
            foreach (var visitor in visitors.Where(static visitor => visitor.Room is not null)) visitor.Peer.JoinAsync(visitor.Room!).Wait(cancel);
            Console.Error.WriteLine($"{v1} v1 and {legacy} legacy connections, {visitors.Count(static visitor => visitor.Room is not null)} of them in rooms");
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var returning = Task.WhenAll(visitors.Select(visitor => visitor.ReturnAsync(deadline.Token)));

            var asked = Stopwatch.GetTimestamp();
            deadline.CancelAfter(BackWithin);
            old.Terminate();
            var exit = old.WaitForExit(ProcessPatience);
            var took = Stopwatch.GetElapsedTime(asked);
            if (exit is null) throw old.Blame($"it did not end within {ProcessPatience.TotalSeconds} s");

            using var next = MeshSignalServer.Start(options, cancel, port: old.Address.Port);
            var down = Stopwatch.GetElapsedTime(asked) - took;
            returning.Wait(cancel);
            Report(visitors, asked, exit.Value, took, down, [.. old.Log.Faults, .. next.Log.Faults]);
        }
        finally
        {
            foreach (var visitor in visitors) visitor.Peer.Dispose();
        }
    }

    private static void Report(Visitor[] visitors, long asked, int exit, TimeSpan took, TimeSpan down, string[] faults)
    {
        var v1 = visitors.Where(static visitor => !visitor.Peer.IsLegacy).ToList();
        var legacy = visitors.Where(static visitor => visitor.Peer.IsLegacy).ToList();
        var back = visitors.Where(static visitor => visitor.BackAt != 0).ToList();
        var arrivals = new Arrivals(back.Select(static visitor => visitor.BackAt), asked);
        var codes = visitors.GroupBy(static visitor => visitor.Code).Select(static group => $"{group.Count()} x {group.Key}");

        Console.WriteLine($"drain: {v1.Count} v1 and {legacy.Count} legacy connections");
        var promises = new Promises();
        promises.Check(exit == 0, $"exit code of the old process: {exit}");
        promises.Check(took < EndWithin, $"the old process ended after {took.TotalSeconds:F1} s");
        promises.Check(visitors.All(static visitor => visitor.Code == 1012), $"close codes: {string.Join(", ", codes)}");
        promises.Check(
            v1.TrueForAll(static visitor => visitor.PauseMs is >= 0 and <= MostPauseMs),
            $"server-draining came first to {v1.Count(static visitor => visitor.PauseMs is not null)} v1");
        promises.Check(legacy.TrueForAll(static visitor => visitor.PauseMs is null), "legacy heard nothing of it");
        promises.Check(back.Count == visitors.Length, $"back within {BackWithin.TotalSeconds} s of the signal: {back.Count} of {visitors.Length}");
        promises.Check(
            v1.TrueForAll(static visitor => visitor.BackAt == 0 || visitor.Peer.Reason == "unknown"),
            "the new process says of every former session that it is unknown");
        promises.Check(arrivals.Median <= MedianWithin.TotalSeconds, $"came back after the signal: {arrivals.Text}");
        promises.CheckNone("errors in the logs", faults);
        Promises.Tell($"came back in each second {arrivals.Seconds}");
        Promises.Tell($"the new process took {down.TotalSeconds:F1} s to listen");
        Promises.Tell($"{back.Count(static visitor => visitor.Tries > 1)} clients needed more than one try, though they came when they were told to");
        Promises.Tell($"pauses asked for: median {Spread.Of(v1.Select(static visitor => (visitor.PauseMs ?? 0) / 1000.0)).Text("F1")} s");
        promises.Conclude();
    }

    private sealed class Visitor(ServerProcess server, int number, bool isLegacy, bool inRoom)
    {
        // Legacy clients are not told when to come back: a few seconds, spread at random.
        private static readonly TimeSpan LegacyPause = TimeSpan.FromSeconds(6);

        public LightPeer Peer { get; } = new(server.Address, $"visitor-{number}", $"scope-{number / RoomShare}", isLegacy);

        /// <summary>Two at a time have one of their own.</summary>
        public string? Room { get; } = inRoom ? $"room-{number / RoomShare}" : null;

        public int Code { get; private set; }

        public int? PauseMs { get; private set; }

        public int Tries { get; private set; }

        public long BackAt { get; private set; }

        public async Task ReturnAsync(CancellationToken cancel)
        {
            try
            {
                Code = await Peer.Ended.WaitAsync(cancel);
                PauseMs = Peer.ReconnectAfterMs;
                Tries = await Peer.ReturnAsync(PauseMs is { } asked ? TimeSpan.FromMilliseconds(asked) : LegacyPause * Random.Shared.NextDouble(), cancel);
                if (Room is not null) await Peer.JoinAsync(Room);
                BackAt = Stopwatch.GetTimestamp();
            }
            catch (Exception error) when (error is OperationCanceledException or BenchException or System.Net.Sockets.SocketException)
            {
                // Then it is not back.
            }
        }
    }
}
