using System.Text.Json;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Report;

/// <summary>The figures of a run: what each server got in each round, as tables, ratios and JSON.</summary>
internal sealed class Comparison(string title, BenchOptions options, Cores? cores)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly List<(Measure Measure, string Server, List<double> Values)> _figures = [];

    public void Add(Measure measure, string server, double value)
    {
        if (Values(measure, server) is not { } values) _figures.Add((measure, server, values = []));
        values.Add(value);
    }

    /// <summary>Null if there is no such figure.</summary>
    public Spread? Figure(Measure measure, string server) => Values(measure, server) is { } values ? Spread.Of(values) : null;

    /// <summary>Prints all of it, and writes it to the file that the command line names.</summary>
    /// <param name="pairs">Whose ratios are formed: of each measure whose values add to a cost, round by round, because two neighbours in time have met the same disturbance.</param>
    /// <exception cref="BenchException">A goal was missed.</exception>
    public void Conclude(IReadOnlyList<Measure> compared, IReadOnlyList<(string Server, string Baseline)> pairs, params Goal[] goals)
    {
        Console.WriteLine(title);
        Console.WriteLine($"machine: {Machine.Text(cores)}");
        Console.WriteLine("median (min-max) of the rounds");
        foreach (var table in _figures.GroupBy(static figure => figure.Measure.Of, StringComparer.Ordinal)) Print(table.Key, [.. table]);
        Console.WriteLine();

        Ratio[] ratios =
        [
            .. from measure in compared
               from pair in pairs
               where Values(measure, pair.Server) is not null && Values(measure, pair.Baseline) is not null
               let goal = goals.FirstOrDefault(goal => goal.Measure == measure && (goal.Server, goal.Baseline) == pair)
               select new Ratio(measure, pair.Server, pair.Baseline, Spread.Of(Ratios(measure, pair)), goal?.Most),
        ];
        foreach (var ratio in ratios) Console.WriteLine(ratio.Text);
        if (options.JsonFile is { } file) Write(file, ratios);
        if (ratios.Count(static ratio => ratio.IsMissed) is > 0 and var missed) throw new BenchException($"{missed} of the goals above missed");
    }

    private static void Print(string of, (Measure Measure, string Server, List<double> Values)[] figures)
    {
        string[] names = [.. figures.Select(static figure => figure.Measure.Name).Distinct(StringComparer.Ordinal)];
        string[][] lines =
        [
            [of, .. names],
            .. figures.GroupBy(static figure => figure.Server, StringComparer.Ordinal).Select(row => (string[])[row.Key, .. names.Select(name => Cell(row, name))]),
        ];
        int[] widths = [.. Enumerable.Range(0, names.Length + 1).Select(column => lines.Max(line => line[column].Length))];
        Console.WriteLine();
        foreach (var line in lines) Console.WriteLine(string.Join("  ", line.Zip(widths, static (text, width) => text.PadRight(width))).TrimEnd());

        static string Cell(IEnumerable<(Measure Measure, string Server, List<double> Values)> row, string name) =>
            row.Where(figure => string.Equals(figure.Measure.Name, name, StringComparison.Ordinal))
                .Select(static figure => Spread.Of(figure.Values).Text(figure.Measure.Format)).FirstOrDefault("-");
    }

    private List<double>? Values(Measure measure, string server) =>
        _figures.Find(figure => figure.Measure == measure && string.Equals(figure.Server, server, StringComparison.Ordinal)).Values;

    private IEnumerable<double> Ratios(Measure measure, (string Server, string Baseline) pair) =>
        Values(measure, pair.Server)!.Zip(Values(measure, pair.Baseline)!, static (one, other) => one / other);

    private void Write(string file, Ratio[] ratios)
    {
        var report = new
        {
            Title = title,
            Machine = Machine.Text(cores),
            Figures = _figures.Select(static one => new { one.Measure.Of, one.Measure.Name, one.Server, Spread.Of(one.Values).Median, one.Values }),
            Ratios = ratios.Select(static one => new { one.Measure.Of, one.Measure.Name, one.Server, one.Baseline, one.Spread.Median, one.Spread.Min, one.Spread.Max, one.Most }),
        };
        File.WriteAllText(file, JsonSerializer.Serialize(report, Json) + "\n");
    }

    private sealed record Ratio(Measure Measure, string Server, string Baseline, Spread Spread, double? Most)
    {
        public bool IsMissed => Spread.Median > Most;

        public string Text
        {
            get
            {
                var goal = Most is null ? "" : $"at most {Most:F2}: {(IsMissed ? "MISSED" : "kept")}";
                return $"{Measure.Of + ", " + Measure.Name,-34} {Server + " / " + Baseline,-36} {Spread.Text("F2"),-18} {goal}".TrimEnd();
            }
        }
    }
}
