using System.Net;
using System.Reflection;
using MeshSignal.Bench.Load;

namespace MeshSignal.Bench.Servers;

/// <summary>One of the servers that are compared: how it is started, and how the load gets its connections to it.</summary>
internal sealed record Contestant(
    string Name,
    Func<int, string[]> Command,
    Func<IPEndPoint, Shape, int, CancellationToken, LoadPeer[]> Connect)
{
    public const string MeshSignal = "meshsignal";
    public const string DotnetEcho = "dotnet-echo";
    public const string WsEcho = "ws-echo";
    public const string PolicyOff = "policy-off";
    public const string OnFleck = "meshsignal-fleck";

    public static Contestant[] All(BenchOptions options)
    {
        var server = MeshSignalServer.Path(options);
        Contestant[] all =
        [
            new(MeshSignal, MeshSignalServer.Command(options, MeshSignalServer.AmpleBudgets), MeshSignalPairs.Connect),

            // The server's own runtime settings (garbage collector, tiering), so that only what the program does differs.
            new(
                DotnetEcho,
                port => ["dotnet", "exec", .. RuntimeSettings(server), typeof(Contestant).Assembly.Location, "serve-echo", $"{port}"],
                EchoPeers.Connect),
            new(WsEcho, port => ["node", NodePackages.Script("ws-echo.mjs"), $"{port}"], EchoPeers.Connect),
        ];

        if (options.Only.Except(all.Select(one => one.Name), StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            throw new BenchException($"--only knows {string.Join(", ", all.Select(one => one.Name))}, not '{unknown}'");
        return options.Only.Count == 0 ? all : [.. all.Where(one => options.Only.Contains(one.Name, StringComparer.Ordinal))];
    }

    /// <summary>The server with each of its framings.</summary>
    public static Contestant[] Framings(BenchOptions options)
    {
        var command = MeshSignalServer.Command(options);
        return
        [
            new(MeshSignal, port => [.. command(port), "--MeshSignal:Framing=Kestrel"], MeshSignalPairs.Connect),
            new(OnFleck, port => [.. command(port), "--MeshSignal:Framing=Fleck"], MeshSignalPairs.Connect),
        ];
    }

    /// <summary>The server with every room under the relay policy, and without; the first has the name that ratios are formed by.</summary>
    public static Contestant[] WithAndWithoutPolicy(
        BenchOptions options,
        Func<bool, Func<IPEndPoint, Shape, int, CancellationToken, LoadPeer[]>> connect)
    {
        string[] policy =
        [
            "--MeshSignal:Calls:ForceRelay=true", "--MeshSignal:Ice:RelayRanges:0=198.51.100.0/28",
            "--MeshSignal:Ice:TurnUrls:0=turn:198.51.100.1", "--MeshSignal:Ice:TurnSecret=no-server-has-this-secret",
        ];
        return
        [
            new(MeshSignal, MeshSignalServer.Command(options, [.. MeshSignalServer.AmpleBudgets, .. policy]), connect(true)),
            new(PolicyOff, MeshSignalServer.Command(options, MeshSignalServer.AmpleBudgets), connect(false)),
        ];
    }

    /// <summary>A path that the build has written into this assembly.</summary>
    internal static string Built(string key) =>
        typeof(Contestant).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => key.Equals(one.Key, StringComparison.Ordinal)).Value!;

    private static string[] RuntimeSettings(string server)
    {
        var settings = Path.ChangeExtension(server, ".runtimeconfig.json");
        return File.Exists(settings) ? ["--runtimeconfig", settings] : [];
    }
}
