using System.Globalization;

namespace MeshSignal.Bench.Load;

/// <summary>Connections by the thousand.</summary>
internal static class Crowd
{
    /// <summary>As many as the generator's and the server's accept queue take without a wait.</summary>
    public const int AtATime = 64;

    // The runtime's own, and the server's log.
    private const int OtherFiles = 200;

    public static Task ConnectAsync(IEnumerable<LightPeer> peers, CancellationToken cancel) => Parallel.ForEachAsync(
        peers, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancel }, async (peer, stop) => await peer.ConnectAsync(stop));

    /// <summary>Every process may open so many files; the runtime has raised the soft limit to the hard one already.</summary>
    /// <exception cref="BenchException">They do not suffice.</exception>
    public static void RequireFiles(int sockets)
    {
        var limit = File.ReadLines("/proc/self/limits").First(static line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];
        if (int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var files) && files < sockets + OtherFiles)
            throw new BenchException($"{sockets} sockets need 'ulimit -n {sockets + OtherFiles}', here and for the server; the hard limit is {files}");
    }
}
