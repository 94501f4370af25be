using System.Text.RegularExpressions;

namespace MeshSignal.Tests.Protocol;

/// <summary>PROTOCOL.md, as far as a test can hold it against the code: its examples and its tables.</summary>
internal sealed partial class ProtocolDocument
{
    private readonly string _text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "PROTOCOL.md"));

    /// <summary>The blocks of JSON, each with the side that sends it: <c>client</c> or <c>server</c>; empty if none is given.</summary>
    public IReadOnlyList<(string Sender, string Json)> Examples =>
        [.. Block().Matches(_text).Select(match => (match.Groups["sender"].Value, match.Groups["json"].Value))];

    /// <summary>The table whose header begins so: its rows, each with its cells.</summary>
    public IReadOnlyList<string[]> Table(string header)
    {
        var lines = _text.Split('\n').SkipWhile(line => !line.StartsWith($"| {header} |", StringComparison.Ordinal)).ToList();
        Assert.That(lines, Is.Not.Empty, $"There is no table headed {header}.");
        return [.. lines.Skip(2).TakeWhile(line => line.StartsWith('|')).Select(Cells)];
    }

    /// <summary>What stands in backticks.</summary>
    public static IReadOnlyList<string> Code(string text) => [.. CodeSpan().Matches(text).Select(match => match.Value.Trim('`'))];

    private static string[] Cells(string row) => [.. row.Trim('|').Split('|').Select(cell => cell.Trim())];

    [GeneratedRegex(
        @"(<!-- (?<sender>\w+) -->\n)?```json\n(?<json>.*?)\n```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Block();

    [GeneratedRegex("`[^`]+`", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CodeSpan();
}
