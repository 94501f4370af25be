using System.Net;
using System.Reflection;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Load.Dialects;

namespace MeshSignal.Bench.Servers;

/// <summary>One of the servers that are compared: how it is started, and how the load gets its connections to it.</summary>
internal sealed record Contestant(
    string Name,
    Func<int, string[]> Command,
    Func<IPEndPoint, Shape, int, CancellationToken, LoadPeer[]> Connect)
{
    private Contestant(string name, Func<int, string[]> command, Func<string, int, Dialect> dialect)
        : this(name, command, (server, shape, pairs, cancel) => RoomPairs.Connect(dialect, server, shape, pairs, cancel)) => Dialect = dialect;

    public const string MeshSignal = "meshsignal";
    public const string DotnetEcho = "dotnet-echo";
    public const string WsEcho = "ws-echo";
    public const string PeerJs = "peerjs";
    public const string SocketIo = "socket.io";
    public const string Against = "against";
    public const string PolicyOff = "policy-off";
    public const string OnFleck = "meshsignal-fleck";

    /// <summary>A client of it, for a room and a place in it that nobody else has; null for an echo, which has no rooms.</summary>
    public Func<string, int, Dialect>? Dialect { get; }

    public bool IsMeshSignal { get; private init; }

    public static Contestant[] All(BenchOptions options)
    {
        var server = MeshSignalServer.Path(options);
        Contestant[] all =
        [
            OfMeshSignal(MeshSignal, MeshSignalServer.Command(options, MeshSignalServer.AmpleBudgets)),

            // The server's own runtime settings (garbage collector, tiering), so that only what the program does differs.
            new(
                DotnetEcho,
                port => ["dotnet", "exec", .. RuntimeSettings(server), typeof(Contestant).Assembly.Location, "serve-echo", $"{port}"],
                EchoPeers.Connect),
            new(WsEcho, Node("ws-echo.mjs"), EchoPeers.Connect),
            new(PeerJs, Node("peerjs.mjs"), static (room, place) => new PeerJsDialect(room, place)),
            new(SocketIo, Node("socket-io.mjs"), static (room, _) => new SocketIoDialect(room)),
            .. options.AgainstPath is { } path ? new[] { OfMeshSignal(Against, MeshSignalServer.Command(options with { ServerPath = path }, MeshSignalServer.AmpleBudgets)) } : [],
        ];

        if (options.Only.Except(all.Select(one => one.Name), StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            throw new BenchException($"--only knows {string.Join(", ", all.Select(one => one.Name))}, not '{unknown}'");
        return options.Only.Count == 0 ? all : [.. all.Where(one => options.Only.Contains(one.Name, StringComparer.Ordinal))];
    }

    /// <summary>Those in which peers meet in rooms, with the limits that they have by default.</summary>
    public static Contestant[] WithRooms(BenchOptions options) =>
        [OfMeshSignal(MeshSignal, MeshSignalServer.Command(options)), .. All(options).Where(static one => one.Dialect is not null && one.Name is not MeshSignal)];

    /// <summary>The server with each of its framings.</summary>
    public static Contestant[] Framings(BenchOptions options)
    {
        var command = MeshSignalServer.Command(options, MeshSignalServer.AmpleBudgets);
        return
        [
            OfMeshSignal(MeshSignal, port => [.. command(port), "--MeshSignal:Framing=Kestrel"]),
            OfMeshSignal(OnFleck, port => [.. command(port), "--MeshSignal:Framing=Fleck"]),
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

    /// <summary>The server of this repository, somehow set up.</summary>
    public static Contestant OfMeshSignal(string name, Func<int, string[]> command) =>
        new(name, command, static (room, place) => new MeshSignalDialect(room, place)) { IsMeshSignal = true };

    private static Func<int, string[]> Node(string script) => port => ["node", NodePackages.Script(script), $"{port}"];

    private static string[] RuntimeSettings(string server)
    {
        var settings = Path.ChangeExtension(server, ".runtimeconfig.json");
        return File.Exists(settings) ? ["--runtimeconfig", settings] : [];
    }
}
