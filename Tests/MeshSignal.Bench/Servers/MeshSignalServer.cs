namespace MeshSignal.Bench.Servers;

/// <summary>The server of this repository, with its default settings and what a scenario adds to them.</summary>
internal static class MeshSignalServer
{
    private const string Limits = "--MeshSignal:Limits";

    /// <summary>For load that sends larger messages, and faster, than a client may.</summary>
    public static readonly string[] AmpleBytes = [$"{Limits}:BytesPerSecond=1073741824", $"{Limits}:BytesBurst=1073741824"];

    /// <summary>
    /// For load that sends faster than a client may. The budgets are looked at for each message all the same, and none is refused. Chat keeps its own.
    /// </summary>
    public static readonly string[] AmpleBudgets =
    [
        .. AmpleBytes,
        .. new[] { "Descriptions", "Candidates", "Other" }.SelectMany(static kind => new[] { $"{Limits}:{kind}:PerSecond=1000000", $"{Limits}:{kind}:Burst=1000000" }),
    ];

    public static string Path(BenchOptions options) => options.ServerPath ?? Contestant.Built("ServerPath");

    public static Func<int, string[]> Command(BenchOptions options, params string[] settings) =>
        port => ["dotnet", Path(options), "--urls", $"http://127.0.0.1:{port}", .. settings];

    public static ServerProcess Start(BenchOptions options, CancellationToken cancel, string[]? settings = null, int? port = null) =>
        ServerProcess.Start(Contestant.MeshSignal, Command(options, settings ?? []), core: null, cancel, port);
}
