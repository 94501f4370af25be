using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Fuzz;

/// <summary>
/// What nobody would send, sent all the same: the server lives, answers as the protocol says, lets nobody else feel it, and keeps nothing of it.
/// A small part of what the bench does (<c>dotnet run -c Release --project Tests/MeshSignal.Bench -- fuzz</c>), with fixed seeds.
/// A failure prints the input as a file of the corpus.
/// </summary>
[NonParallelizable] // It counts exceptions that nobody in the process has looked at.
internal sealed class FuzzTests
{
    private const int Messages = 1500;
    private const int Sequences = 50;
    private const int Lanes = 6;

    private static readonly (string Key, string Value)[] Relayed =
    [
        ("MeshSignal:Calls:Rooms:0:Pattern", "relayed"), ("MeshSignal:Calls:Rooms:0:ForceRelay", "true"),
        ("MeshSignal:Ice:TurnUrls:0", "turn:turn.example.org:3478"),
        ("MeshSignal:Ice:TurnSecret", "a-secret-of-20-and-more-characters"), ("MeshSignal:Ice:RelayRanges:0", "198.51.100.0/28"),
    ];

    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly List<WeakReference> _sessions = [];
    private int _unobserved;

    public static IEnumerable<TestCaseData> Kept => Corpus.All.Select(input => new TestCaseData(input).SetName(input.Name));

    [SetUp]
    public void WatchForUnobservedExceptions()
    {
        Collect(); // Those of the tests before.
        TaskScheduler.UnobservedTaskException += Count;
    }

    [TearDown]
    public void FindNoUnobservedExceptions()
    {
        Collect();
        TaskScheduler.UnobservedTaskException -= Count;
        Assert.That(_unobserved, Is.Zero, "exceptions that nobody has looked at");
    }

    [TestCase(1, "00:00:00")]
    [TestCase(2, "00:00:30")]
    public async Task Mutated_messages_are_answered_by_the_rules_and_harm_nobody(int seed, string grace)
    {
        await using var server = await TestServer.StartAsync([("MeshSignal:Sessions:ResumeGrace", grace), .. Relayed]);
        using var table = new FuzzTable(server);
        SteadyPair[] pairs =
        [
            await SteadyPair.InCallAsync(table.Open("calm-a", Profile.V1, "calm"), table.Open("calm-b", Profile.V1, "calm")),
            await SteadyPair.InCallAsync(table.Open("mixed-a", Profile.Legacy, "wild"), table.Open("mixed-b", Profile.V1, "wild")),
        ];
        var lanes = Enumerable.Range(0, Lanes).Select(lane => new FuzzSeat(lane, seed)).ToArray();
        for (var i = 0; i < Messages; i++)
        {
            var lane = lanes[i % Lanes];
            if (lane.Run is null or { IsClosed: true })
                await SitDownAsync(table, lane);
            var healthy = i % 4 == 0 ? pairs[i / 4 % 2].ExchangeAsync() : Task.CompletedTask;
            await Task.WhenAll(PlayAsync(lane, lane.Fuzzer.Next(), $"seed {seed}, message {i}"), healthy);
            if (i % 25 == 0)
                server.Advance(TimeSpan.FromSeconds(1), [.. table.Peers]);
            if (i % 100 == 0)
                Remember(server);
        }

        await table.CloseAsync();
        AssertNothingIsLeft(server);
        await AssertNothingIsRememberedAsync(server);
        AssertReached("ack", "invalid-token", "webrtc-offer", "candidate-dropped", "relay-policy", "chat", "close 1009");
    }

    [TestCase(1)]
    public async Task Mutated_frames_are_closed_by_the_rules_and_harm_nobody(int seed)
    {
        await using var server = await RealServer.StartAsync(Grace.None);
        var address = new IPEndPoint(IPAddress.Loopback, server.Port);
        var sockets = new List<FuzzSocket>();
        var open = async (string name, Profile profile) =>
        {
            var (peer, socket) = await FuzzSocket.OpenAsync(address, profile, $"?username={name}&room=calls");
            sockets.Add(socket);
            return peer;
        };
        SteadyPair[] pairs =
        [
            await SteadyPair.InCallAsync(await open("calm-a", Profile.V1), await open("calm-b", Profile.V1)),
            await SteadyPair.InCallAsync(await open("mixed-a", Profile.Legacy), await open("mixed-b", Profile.V1)),
        ];
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(async lane =>
        {
            var fuzzer = new FrameFuzzer((seed * 1000) + lane);
            for (var i = 0; i < Sequences; i++)
            {
                await PlayAsync(address, fuzzer.Next(), $"seed {seed}, lane {lane}, sequence {i}");
                if (lane < pairs.Length)
                    await pairs[lane].ExchangeAsync();
            }
        }));

        sockets.ForEach(socket => socket.Dispose());
        await WhenGoneAsync(server);
        AssertReached(
            "close after all was well", "close with the client's code", "close 1002", "close 1003", "close 1007", "close 1008",
            "close 1009", "status 400", "pong");
    }

    [TestCaseSource(nameof(Kept))]
    public async Task What_was_kept_is_answered_by_the_rules(FuzzInput input)
    {
        if (input.Frames is { } frames)
        {
            await using var real = await RealServer.StartAsync(Grace.None);
            await PlayAsync(new IPEndPoint(IPAddress.Loopback, real.Port), frames, input.Name);
            return;
        }

        await using var server = await TestServer.StartAsync([Grace.None, .. Relayed]);
        using var table = new FuzzTable(server);
        var other = table.Open("mixed-a", Profile.V1, "relayed");
        await SteadyPair.InCallAsync(other, table.Open("mixed-b", Profile.V1, "relayed"));
        var run = new MessageRun(table.Open("fuzzed", input.Profile, "relayed"), () => other.Name, _counts);
        await run.GreetAsync();
        foreach (var message in input.Messages)
            await run.PlayAsync(message);
        await table.CloseAsync();
    }

    /// <summary>A fuzzer that gets nowhere finds nothing.</summary>
    private void AssertReached(params string[] outcomes)
    {
        var all = string.Join(", ", _counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key} {count.Value}"));
        TestContext.Out.WriteLine(all);
        Assert.That(outcomes.Where(outcome => !_counts.ContainsKey(outcome)), Is.Empty, all);
    }

    /// <summary>Sockets that end are seen by the server in its own time.</summary>
    private static async Task WhenGoneAsync(RealServer server)
    {
        var (sessions, rooms) = (server.Get<SessionStore>(), server.Get<RoomStore>());
        while (sessions.Count > 0)
            foreach (var session in sessions.All)
                await session.WhenEndedAsync().WaitAsync(TestPeer.Timeout);
        Assert.That((rooms.Count, rooms.PeerCount), Is.EqualTo((0, 0)), "rooms and peers");
    }

    private static void AssertNothingIsLeft(TestServer server)
    {
        Assert.That(server.Get<SessionStore>().Count, Is.Zero, "sessions");
        Assert.That((server.Get<RoomStore>().Count, server.Get<RoomStore>().PeerCount), Is.EqualTo((0, 0)), "rooms and peers");
    }

    /// <summary>Names are free, scopes have no history, and the sessions are not even garbage any more.</summary>
    private async Task AssertNothingIsRememberedAsync(TestServer server)
    {
        foreach (var scope in new[] { "calm", "wild", "relayed" })
        {
            using var newcomer = server.Open(new ConnectionRequest(Profile.Legacy, "mixed-a", scope));
            Assert.That(await newcomer.GreetedUpToHistoryAsync(), Is.Empty, scope);
            await newcomer.CloseAsync();
            await newcomer.Served.WaitAsync(TestPeer.Timeout);
        }

        Collect();
        Assert.That(_sessions.Count(session => session.IsAlive), Is.Zero, $"sessions of {_sessions.Count} that something still holds");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Remember(TestServer server) => _sessions.AddRange(server.Get<SessionStore>().All.Select(session => new WeakReference(session)));

    private static void Collect()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private void Count(object? sender, UnobservedTaskExceptionEventArgs e) => Interlocked.Increment(ref _unobserved);

    private async Task SitDownAsync(FuzzTable table, FuzzSeat lane)
    {
        lane.Sent.Clear();
        lane.Run = new MessageRun(
            table.Open($"fuzz-{lane.Number}-{lane.Seats++}", lane.Profile, lane.Scope, chat: lane.Number != 2),
            () => table.NameIn(lane.Scope, lane.Sent.Count), _counts);
        await lane.Run.GreetAsync();
        await PlayAsync(lane, MessageFuzzer.Join, "join");
    }

    private static async Task PlayAsync(FuzzSeat lane, string message, string where)
    {
        lane.Sent.Add(message);
        try
        {
            await lane.Run!.PlayAsync(message);
        }
        catch (Exception e) when (e is FuzzFault or TimeoutException)
        {
            var input = new FuzzInput("found", lane.Profile, lane.Sent, null);
            Assert.Fail($"{where}, the last of these: {e.Message}\n{Corpus.Print(input, e.Message)}");
        }
    }

    private async Task PlayAsync(IPEndPoint server, FrameSequence sequence, string where)
    {
        try
        {
            await new FrameRun(server, _counts, TestFraming.IsFleck).PlayAsync(sequence);
        }
        catch (Exception e) when (e is FuzzFault or TimeoutException)
        {
            Assert.Fail($"{where}: {e.Message}\n{Corpus.Print(new FuzzInput("found", Profile.V1, [], sequence), e.Message)}");
        }
    }
}
