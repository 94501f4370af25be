using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace MeshSignal.Tests.Support;

/// <summary>
/// Every secret that the run has made, set or been given, and what those look like that nobody has told us of. No line that a server logs or prints may hold one.
/// </summary>
internal static partial class Secrets
{
    // What is shorter can stand in a line by chance. Tests with such secrets look for them themselves.
    private const int Shortest = 12;

    private static readonly string[] Settings = ["TurnSecret", "Credential", "Secret", "Admin:Key"];

    private static readonly ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> ByStart = new(StringComparer.OrdinalIgnoreCase);
    private static int _logs;
    private static long _lines;

    /// <summary>What was searched until now.</summary>
    public static string Searched => $"{_lines} lines of {_logs} servers, for {ByStart.Values.Sum(static secrets => secrets.Count)} secrets";

    public static void Add(string secret)
    {
        if (secret.Length >= Shortest)
            ByStart.GetOrAdd(secret[..Shortest], static _ => new ConcurrentDictionary<string, bool>(StringComparer.OrdinalIgnoreCase)).TryAdd(secret, true);
    }

    /// <summary>Those among the settings of a server, and in the files that they name, as those are now.</summary>
    public static void AddSettings(IEnumerable<(string Key, string Value)> settings)
    {
        foreach (var (key, value) in settings)
        {
            if (Settings.Any(name => key.EndsWith($":{name}", StringComparison.OrdinalIgnoreCase)))
                Add(value);
            else if (key.EndsWith(":TurnSecretFile", StringComparison.OrdinalIgnoreCase) && File.Exists(value))
                Array.ForEach(File.ReadAllLines(value), Add);
        }
    }

    /// <exception cref="AssertionException">A line holds one.</exception>
    public static void Check(IEnumerable<string> log)
    {
        Interlocked.Increment(ref _logs);
        foreach (var line in log)
        {
            Interlocked.Increment(ref _lines);
            if (Find(line) is { } secret)
                throw new AssertionException($"A log line holds '{secret}', which is nobody's business: {line}");
        }
    }

    private static string? Find(string line)
    {
        if (Shapes().Match(line) is { Success: true } match)
            return match.Value;

        var starts = ByStart.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var place = 0; place <= line.Length - Shortest; place++)
        {
            if (!starts.TryGetValue(line.AsSpan(place, Shortest), out var secrets))
                continue;
            foreach (var (secret, _) in secrets)
                if (line.AsSpan(place).StartsWith(secret, StringComparison.OrdinalIgnoreCase))
                    return secret;
        }

        return null;
    }

    /// <summary>A session's token, a join token, a TURN credential, what only descriptions have in them, and a candidate.</summary>
    [GeneratedRegex(
        """
        [0-9a-f]{64}
        | eyJ[\w-]{8,}\.[\w-]
        | (?<![a-z0-9+/])[a-z0-9+/]{27}=
        | \b[acmov]=(0|-|audio|video|application|IN|ice-|fingerprint|setup|mid|candidate|rtpmap|msid)
        | \bcandidate:\S | \btyp\ (host|srflx|prflx|relay) | \braddr\b
        """,
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Shapes();
}
