using System.Globalization;

namespace MeshSignal.Bench;

/// <summary>What the command line says. Every number has an upper bound, so that no run is without an end.</summary>
internal sealed record BenchOptions
{
    public const string Usage =
        "[--pairs 50] [--seconds N] [--warmup 2] [--rounds 5] [--cases 1000000] [--json FILE] [--svg FILE] [--no-pin] [--only NAME,NAME] [--server MeshSignal.Server.dll] [--against MeshSignal.Server.dll]"
        + " [--clients N] [--rate 5] [--minutes 20]";

    /// <summary>Pairs of peers; a pair is two connections. At most 1000.</summary>
    public int Pairs { get; private init; } = 50;

    /// <summary>Length of one measured window, at most 120 s.</summary>
    public int Seconds => GivenSeconds ?? 5;

    /// <summary>The same for a scenario that has a length of its own; null if nobody said one.</summary>
    public int? GivenSeconds { get; private init; }

    /// <summary>Load before each window that is not counted, at most 60 s.</summary>
    public int Warmup { get; private init; } = 2;

    /// <summary>Windows for each server and shape, at most 50.</summary>
    public int Rounds { get; private init; } = 5;

    /// <summary>Hostile messages for the filter, at most 100 million.</summary>
    public int Cases { get; private init; } = 1_000_000;

    /// <summary>Give server and generator a core each.</summary>
    public bool Pin { get; private init; } = true;

    public string? JsonFile { get; private init; }

    public string? SvgFile { get; private init; }

    /// <summary>Another build of the server than the one beside the bench.</summary>
    public string? ServerPath { get; init; }

    /// <summary>A third one, to compare with: what a change has brought.</summary>
    public string? AgainstPath { get; private init; }

    /// <summary>Names of the servers to measure, or of the abusers; empty means all.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    /// <summary>Connections, of a scenario that counts in them; null for its own figure. At most 20 000.</summary>
    public int? Clients { get; private init; }

    /// <summary>Signals of each healthy peer in a second, at most 50.</summary>
    public int Rate { get; private init; } = 5;

    /// <summary>Length of a soak, at most 120.</summary>
    public int Minutes { get; private init; } = 20;

    public static BenchOptions Parse(string[] arguments)
    {
        var options = new BenchOptions();
        while (arguments is [var name, .. var rest])
        {
            (options, arguments) = (name, rest) switch
            {
                ("--no-pin", _) => (options with { Pin = false }, rest),
                ("--pairs", [var value, ..]) => (options with { Pairs = Number(name, value, 1, 1000) }, rest[1..]),
                ("--seconds", [var value, ..]) => (options with { GivenSeconds = Number(name, value, 1, 120) }, rest[1..]),
                ("--warmup", [var value, ..]) => (options with { Warmup = Number(name, value, 0, 60) }, rest[1..]),
                ("--rounds", [var value, ..]) => (options with { Rounds = Number(name, value, 1, 50) }, rest[1..]),
                ("--cases", [var value, ..]) => (options with { Cases = Number(name, value, 0, 100_000_000) }, rest[1..]),
                ("--clients", [var value, ..]) => (options with { Clients = Number(name, value, 1, 20_000) }, rest[1..]),
                ("--rate", [var value, ..]) => (options with { Rate = Number(name, value, 1, 50) }, rest[1..]),
                ("--minutes", [var value, ..]) => (options with { Minutes = Number(name, value, 1, 120) }, rest[1..]),
                ("--json", [var value, ..]) => (options with { JsonFile = value }, rest[1..]),
                ("--svg", [var value, ..]) => (options with { SvgFile = value }, rest[1..]),
                ("--server", [var value, ..]) => (options with { ServerPath = Path.GetFullPath(value) }, rest[1..]),
                ("--against", [var value, ..]) => (options with { AgainstPath = Path.GetFullPath(value) }, rest[1..]),
                ("--only", [var value, ..]) => (options with { Only = value.Split(',') }, rest[1..]),
                _ => throw new BenchException($"unknown option, or one without its value: {name}\noptions: {Usage}"),
            };
        }

        return options;
    }

    private static int Number(string name, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw new BenchException($"{name} takes a number from {least} to {most}, not '{text}'");
}
