namespace MeshSignal.Bench.Servers;

/// <summary>The server of this repository with its default settings.</summary>
internal static class MeshSignalServer
{
    public static string Path(BenchOptions options) => options.ServerPath ?? Contestant.Built("ServerPath");

    public static Func<int, string[]> Command(BenchOptions options) => port => ["dotnet", Path(options), "--urls", $"http://127.0.0.1:{port}"];

    public static ServerProcess Start(BenchOptions options, CancellationToken cancel, int? port = null) =>
        ServerProcess.Start(Contestant.MeshSignal, Command(options), core: null, cancel, port);
}
