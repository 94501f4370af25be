using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MeshSignal.Tests.Support;

/// <summary>A socket of somebody else's library, in a process of its own that is driven by lines of JSON: see the scripts in Clients.</summary>
internal sealed class ScriptedClient : IClientSocket
{
    private readonly Process _process;
    private bool _isDisposed;

    private ScriptedClient(Process process) => _process = process;

    /// <summary>What it says was agreed on.</summary>
    public JsonElement Opening { get; private set; }

    /// <param name="headers">An object: header fields beside those that the library writes.</param>
    public static async Task<ScriptedClient> StartAsync(JsonObject headers, string program, params string[] arguments)
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        var client = new ScriptedClient(Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = utf8,
            StandardOutputEncoding = utf8,
            Environment = { ["HEADERS"] = headers.ToJsonString() },
        })!);
        client.Opening = await client.NextAsync();
        return client;
    }

    public Task SendAsync(string text) => DoAsync("text", text);

    /// <summary>One of the actions that the scripts know.</summary>
    public async Task DoAsync(string action, JsonNode? value)
    {
        await _process.StandardInput.WriteLineAsync(new JsonObject { [action] = value }.ToJsonString());
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>The next thing that happened to it.</summary>
    public async Task<JsonElement> NextAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(TestPeer.Timeout);
        return JsonElement.Parse(line ?? throw new AssertionException("The script has ended."));
    }

    public async Task<ClientReceived> ReceiveAsync()
    {
        var what = await NextAsync();
        return what.Text("event") switch
        {
            "message" => new ClientReceived(what.Text("text")),
            "close" => new ClientReceived(null, what.GetProperty("code").GetInt32(), what.Text("reason")),
            _ => throw new AssertionException(what.ToString()),
        };
    }

    public Task CloseAsync() => DoAsync("close", 1000);

    public void Abort() => _process.Kill();

    public void Dispose()
    {
        if (_isDisposed)
            return;

        _isDisposed = true;
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
