using System.Globalization;
using System.Text;

namespace MeshSignal.Bench.Report;

/// <summary>A comparison as a picture: for each measure a row of bars, the first server's in another colour. It follows its reader's light or dark background.</summary>
internal static class BarChart
{
    private const int Width = 760;
    private const int LabelWidth = 130;
    private const int BarWidth = 480;
    private const int Row = 26;
    private const int Head = 34;

    private const string Style =
        "text{font:14px system-ui,sans-serif;fill:#1f2933}.head{font-weight:600}.bar{fill:#9aa5b1}.ours{fill:#0b7a75}"
        + "@media (prefers-color-scheme:dark){text{fill:#e4e7eb}.bar{fill:#616e7c}.ours{fill:#2cb1a5}}";

    public static void Write(string file, Comparison report, Measure[] measures, string[] servers)
    {
        var (svg, y) = (new StringBuilder(), 0);
        foreach (var measure in measures)
        {
            (string Server, double Value)[] bars = [.. servers.Select(server => (server, report.Figure(measure, server)?.Median ?? 0)).Where(static bar => bar.Item2 > 0)];
            if (bars.Length == 0) continue;
            var most = bars.Max(static bar => bar.Value);
            Text(svg, 0, y + 22, $"{measure.Of}: {measure.Name}", "head");
            y += Head;
            foreach (var (server, value) in bars)
            {
                var length = value / most * BarWidth;
                var kind = string.Equals(server, servers[0], StringComparison.Ordinal) ? "bar ours" : "bar";
                Text(svg, 0, y + 17, server, null);
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect class="{kind}" x="{LabelWidth}" y="{y + 3}" width="{length:F1}" height="{Row - 6}" rx="2"/>""");
                Text(svg, LabelWidth + (int)length + 8, y + 17, value.ToString(measure.Format, CultureInfo.InvariantCulture), null);
                y += Row;
            }

            y += Row / 2;
        }

        var head = $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {y}" width="{Width}" height="{y}" role="img">""";
        File.WriteAllText(file, $"{head}\n<title>CPU time of the server for each relayed message</title>\n<style>{Style}</style>\n{svg}</svg>\n");
    }

    private static void Text(StringBuilder svg, int x, int y, string text, string? kind) =>
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{x}" y="{y}"{(kind is null ? "" : $" class=\"{kind}\"")}>{text}</text>""");
}
