using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>Some servers, each a process, that get the same load in turns.</summary>
internal sealed class Arena : IDisposable
{
    // A turn of the warm-up, and how many at most: on its one core a new process takes half a minute to a minute to compile its hot code twice.
    private const int WarmSeconds = 5;
    private const int MostWarmTurns = 16;

    // Of a core, in such a turn.
    private const double MostCompiling = 0.01;

    private const int MostRepeats = 3;

    // Of a core. The kernel's own threads take a few per cent.
    private const double MostDisturbance = 0.1;

    private readonly Contestant[] _contestants;
    private readonly BenchOptions _options;
    private readonly CancellationToken _cancel;
    private readonly List<ServerProcess> _servers = [];

    private Arena(Contestant[] contestants, BenchOptions options, CancellationToken cancel) => (_contestants, _options, _cancel) = (contestants, options, cancel);

    public Cores? Cores { get; private set; }

    public IReadOnlyList<ServerProcess> Servers => _servers;

    public static Measure Cpu(Shape shape) => new(shape.Name, "CPU µs/message", "F2");

    public static Measure PerSecond(Shape shape) => new(shape.Name, "messages/s", "F0");

    public static Measure PacedP50(Shape shape) => new($"{shape.Name} at half load", "p50 µs", "F0");

    /// <summary>Starts them all, and gives them one core and this process the other.</summary>
    public static Arena Open(Contestant[] contestants, BenchOptions options, CancellationToken cancel)
    {
        var cores = options.Pin ? Cores.Pick() ?? throw new BenchException("pinning needs two cores; --no-pin does without") : null;
        var arena = new Arena(contestants, options, cancel) { Cores = cores };
        try
        {
            foreach (var one in contestants) arena._servers.Add(ServerProcess.Start(one.Name, one.Command, cores?.Server, cancel));
            cores?.PinGenerator();
            return arena;
        }
        catch
        {
            arena.Dispose();
            throw;
        }
    }

    /// <summary>As much of each shape as they take.</summary>
    public void Compare(Shape[] shapes, Comparison report)
    {
        foreach (var place in Turns(0)) WarmUp(place, shapes);
        for (var round = 1; round <= _options.Rounds; round++)
        {
            foreach (var shape in shapes)
            {
                foreach (var place in Turns(round))
                {
                    var (name, window) = (_contestants[place].Name, Measure(place, shape, pace: null));
                    Console.Error.WriteLine($"round {round}/{_options.Rounds} {shape.Name,-9} {name,-16} {window.CpuMicrosPerMessage,6:F2} µs {window.MessagesPerSecond,8:F0}/s");
                    report.Add(Cpu(shape), name, window.CpuMicrosPerMessage);
                    report.Add(PerSecond(shape), name, window.MessagesPerSecond);
                    Add(report, shape.Name, name, window);
                }
            }
        }
    }

    /// <summary>So many messages a second to each of these.</summary>
    public void Pace(Shape shape, string[] names, double perSecond, Comparison report)
    {
        for (var round = 1; round <= _options.Rounds; round++)
        {
            foreach (var place in Turns(round).Where(place => names.Contains(_contestants[place].Name, StringComparer.Ordinal)))
            {
                var (name, window) = (_contestants[place].Name, Measure(place, shape, perSecond));
                Console.Error.WriteLine($"round {round}/{_options.Rounds} {shape.Name,-9} {name,-16} p50 {window.P50:F0} µs, p99 {window.P99:F0} µs at {window.MessagesPerSecond:F0}/s");
                report.Add(new Measure(PacedP50(shape).Of, "messages/s", "F0"), name, window.MessagesPerSecond);
                Add(report, PacedP50(shape).Of, name, window);
            }
        }
    }

    public void Dispose() => _servers.ForEach(static server => server.Dispose());

    private static void Add(Comparison report, string of, string name, Window window)
    {
        report.Add(new Measure(of, "p50 µs", "F0"), name, window.P50);
        report.Add(new Measure(of, "p99 µs", "F0"), name, window.P99);
        report.Add(new Measure(of, "server busy", "P0"), name, window.Cpu.Server / window.Elapsed);
        report.Add(new Measure(of, "generator busy", "P0"), name, window.Cpu.Generator / window.Elapsed);
        report.Add(new Measure(of, "others busy", "P0"), name, Math.Max(0, window.Cpu.Others / window.Elapsed));
    }

    /// <summary>Each shape in turn, until a turn of all of them has left the runtime nothing to compile.</summary>
    private void WarmUp(int place, Shape[] shapes)
    {
        var isCompiling = true;
        for (var turn = 1; isCompiling && turn <= MostWarmTurns; turn++)
        {
            var before = CompilerThread.Read(_servers[place]);
            foreach (var shape in shapes)
            {
                var window = MeasureOnce(place, shape, pace: null, WarmSeconds);
                Console.Error.WriteLine($"warm-up {turn} {shape.Name,-9} {_contestants[place].Name,-16} {window.CpuMicrosPerMessage,6:F2} µs {window.MessagesPerSecond,8:F0}/s");
            }

            var compiled = CompilerThread.Read(_servers[place]).Since(before);
            isCompiling = turn == 1 || compiled > MostCompiling * WarmSeconds * shapes.Length * TimeSpan.FromSeconds(1);
        }

        if (isCompiling) Console.WriteLine($"{_contestants[place].Name} still compiles after {MostWarmTurns} turns of warm-up: its first figures are too high");
    }

    // Another one begins each round: nobody always follows the same neighbour.
    private IEnumerable<int> Turns(int round) => Enumerable.Range(0, _contestants.Length).Select(place => (place + round) % _contestants.Length);

    /// <summary>A window in which somebody else took part of the machine says little; it is measured again, as often as there is hope.</summary>
    private Window Measure(int place, Shape shape, double? pace)
    {
        var window = MeasureOnce(place, shape, pace, _options.Seconds);
        for (var again = 0; again < MostRepeats && window.Cpu.Others / window.Elapsed > MostDisturbance; again++)
        {
            var next = MeasureOnce(place, shape, pace, _options.Seconds);
            if (next.Cpu.Others / next.Elapsed < window.Cpu.Others / window.Elapsed) window = next;
        }

        return window;
    }

    private Window MeasureOnce(int place, Shape shape, double? pace, int seconds)
    {
        LoadPeer[] peers = [];
        try
        {
            peers = _contestants[place].Connect(_servers[place].Address, shape, _options.Pairs, _cancel);
            var loop = new ClosedLoop(peers, _servers[place], pace, _cancel);
            var window = loop.Run(TimeSpan.FromSeconds(_options.Warmup), TimeSpan.FromSeconds(seconds));
            foreach (var peer in peers) peer.Wire.Close();
            return window;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw _servers[place].Blame($"{shape.Name}: {error.Message}");
        }
        finally
        {
            foreach (var peer in peers) peer.Dispose();
        }
    }
}
