using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Clients;

/// <summary>A WebSocket library that many clients are built on.</summary>
internal sealed record Library(string Name, string Program, string Script, string Probe)
{
    public static readonly Library Ws = new("ws", "node", "ws-client.mjs", "import 'ws'");

    // The distribution's own Python has the distribution's package; another one in the path may not.
    public static readonly Library PythonWebsockets =
        new("websockets", File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3", "websockets-client.py", "import websockets");

    public static Library[] All => [Ws, PythonWebsockets];

    private static string Folder => FolderOf();

    /// <summary>Where it is not installed, its tests are left out; but not where all must run.</summary>
    public void RequireInstalled()
    {
        if (!IsInstalled())
            Missing.EndTest($"{Program} with the package {Name} is not installed; Tests/run.sh installs it.");
    }

    /// <summary>Opens a socket, or is refused one: the client's <see cref="ScriptedClient.Opening"/> tells.</summary>
    public Task<ScriptedClient> OpenSocketAsync(RealServer server, string pathAndQuery = "/", params string[] protocols) => OpenSocketAsync(server, [], pathAndQuery, protocols);

    public Task<ScriptedClient> OpenSocketAsync(RealServer server, JsonObject headers, string pathAndQuery, params string[] protocols) =>
        ScriptedClient.StartAsync(headers, Program, [Path.Combine(Folder, Script), $"ws://127.0.0.1:{server.Port}{pathAndQuery}", .. protocols]);

    /// <summary>A js-chat-server client; nothing has been read from it yet.</summary>
    public async Task<TestPeer> OpenLegacyAsync(RealServer server, string name) => new(await OpenSocketAsync(server, $"/?username={name}"), Profile.Legacy);

    /// <summary>A js-chat-server client, greeted.</summary>
    public async Task<TestPeer> ConnectLegacyAsync(RealServer server, string name) => await (await OpenLegacyAsync(server, name)).GreetedAsync(withChat: true);

    public override string ToString() => Name;

    private bool IsInstalled()
    {
        string[] arguments = Program == "node" ? ["--input-type=module", "--eval", Probe] : ["-c", Probe];
        var start = new ProcessStartInfo(Program, arguments) { UseShellExecute = false, RedirectStandardError = true, WorkingDirectory = Folder };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string FolderOf([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
