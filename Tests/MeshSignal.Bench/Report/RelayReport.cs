using System.Runtime.InteropServices;
using System.Text.Json;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Report;

/// <summary>The windows of a relay run, as a table and as JSON.</summary>
internal sealed class RelayReport(BenchOptions options, Cores? cores)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly Dictionary<(Shape Shape, string Server), List<Window>> _windows = [];

    public void Add(Shape shape, string server, Window window)
    {
        if (!_windows.TryGetValue((shape, server), out var windows)) _windows[(shape, server)] = windows = [];
        windows.Add(window);
    }

    public void Print(TextWriter output)
    {
        output.WriteLine($"relay: {2 * options.Pairs} connections, {options.Pairs} messages in flight");
        output.WriteLine($"rounds: {options.Rounds}, after one that does not count; windows of {options.Seconds} s after {options.Warmup} s of warm-up");
        output.WriteLine($"machine: {Machine()}");
        output.WriteLine($"cores: {Pinning()}");
        output.WriteLine("median (min-max) of the rounds; CPU is the server process's, user and system; the last columns are shares of one core");
        output.WriteLine();
        output.WriteLine(Line("message", "server", "CPU µs/message", "messages/s", "p50 µs", "p99 µs") + " server generator others");
        foreach (var row in Rows())
        {
            var figures = Line(row.Message, row.Server, row.CpuMicros.Text("F2"), row.PerSecond.Text("F0"), row.P50Micros.Text("F0"), row.P99Micros.Text("F0"));
            output.WriteLine($"{figures} {row.ServerBusy,6:P0} {row.GeneratorBusy,9:P0} {row.OthersBusy,6:P0}");
        }

        output.WriteLine();
        foreach (var ratio in Ratios())
        {
            var names = $"{ratio.Message,-10} {ratio.Server} / {ratio.Baseline,-16}";
            output.WriteLine($"{names} CPU {ratio.Cpu.Text("F2"),-18} messages/s {ratio.PerSecond.Text("F2")}");
        }
    }

    public void Write(string file)
    {
        var report = new
        {
            Scenario = "relay",
            Machine = Machine(),
            Pinning = Pinning(),
            Connections = 2 * options.Pairs,
            options.Rounds,
            options.Seconds,
            options.Warmup,
            Results = Rows(),
            Ratios = Ratios(),
        };
        File.WriteAllText(file, JsonSerializer.Serialize(report, Json) + "\n");
    }

    private IEnumerable<Row> Rows() => _windows.Select(entry => new Row(
        entry.Key.Shape.Name,
        entry.Key.Server,
        Spread.Of(entry.Value.Select(window => window.CpuMicrosPerMessage)),
        Spread.Of(entry.Value.Select(window => window.MessagesPerSecond)),
        Spread.Of(entry.Value.Select(window => window.P50)),
        Spread.Of(entry.Value.Select(window => window.P99)),
        Spread.Of(entry.Value.Select(window => window.Cpu.Server / window.Elapsed)).Median,
        Spread.Of(entry.Value.Select(window => window.Cpu.Generator / window.Elapsed)).Median,
        Math.Max(0, Spread.Of(entry.Value.Select(window => window.Cpu.Others / window.Elapsed)).Median)));

    private static string Line(string message, string server, string cpu, string perSecond, string p50, string p99) =>
        $"{message,-10} {server,-16} {cpu,-22} {perSecond,-24} {p50,-18} {p99,-20}";

    // Round by round, then the median: two neighbours in time have met the same disturbance.
    private IEnumerable<Ratio> Ratios() =>
        from subject in _windows
        where subject.Key.Server is Contestant.MeshSignal
        from baseline in _windows
        where baseline.Key.Shape == subject.Key.Shape && baseline.Key.Server is not Contestant.MeshSignal
        let rounds = subject.Value.Zip(baseline.Value).ToArray()
        select new Ratio(
            subject.Key.Shape.Name,
            subject.Key.Server,
            baseline.Key.Server,
            Spread.Of(rounds.Select(round => round.First.CpuMicrosPerMessage / round.Second.CpuMicrosPerMessage)),
            Spread.Of(rounds.Select(round => round.First.MessagesPerSecond / round.Second.MessagesPerSecond)));

    private static string Machine()
    {
        const string key = "model name";
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':')[1].Trim();
        var software = $"{RuntimeInformation.OSDescription}; {RuntimeInformation.FrameworkDescription}";
        return $"{model ?? "unknown processor"}, {Environment.ProcessorCount} cores; {software}";
    }

    private string Pinning() => cores is null
        ? "not pinned, servers and generator share all cores"
        : $"pinned (taskset), every server on core {cores.Server}, the generator on core {cores.Generator}";

    private sealed record Row(
        string Message, string Server, Spread CpuMicros, Spread PerSecond, Spread P50Micros, Spread P99Micros,
        double ServerBusy, double GeneratorBusy, double OthersBusy);

    private sealed record Ratio(string Message, string Server, string Baseline, Spread Cpu, Spread PerSecond);
}
