using System.Collections.Concurrent;
using System.Text.Json;
using MeshSignal.Tests.Support;
using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>A page, what its sockets have brought, and its connection to the one other peer.</summary>
internal sealed class Caller
{
    private const string NoteStates =
        """
        connection => {
          connection.states = [];
          connection.addEventListener('connectionstatechange', () => connection.states.push(connection.connectionState));
        }
        """;

    private const string Packets =
        "[...(await connection.getStats()).values()].find(report => report.type === 'inbound-rtp' && report.kind === 'audio').packetsReceived";

    private static readonly DateTime _epoch = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly ConcurrentQueue<JsonElement> _received = new();
    private IJSHandle? _connection;

    private Caller(CallPage page, string name)
    {
        (Page, Name) = (page, name);
        Tab.WebSocket += (_, socket) =>
        {
            Sockets++;
            socket.FrameReceived += (_, frame) => _received.Enqueue(JsonElement.Parse(frame.Text!));
        };
    }

    public CallPage Page { get; }

    public IPage Tab => Page.Status.Page;

    public string Name { get; }

    /// <summary>How many it has opened.</summary>
    public int Sockets { get; private set; }

    /// <summary>But for the sockets that were lost: the browser tells of each.</summary>
    public IEnumerable<string> Complaints => Page.Complaints.Where(static text => !text.StartsWith("WebSocket connection to", StringComparison.Ordinal));

    /// <param name="url">Of the page, if not the server's own.</param>
    public static async Task<Caller> OpenAsync(Chromium chromium, RealServer server, string name, string? url = null) =>
        new(await chromium.OpenAsync(server, name, url: url), name);

    /// <summary>Brings both into the room, one after the other, and waits until each sees and hears the other.</summary>
    public static async Task CallAsync(Caller first, Caller second)
    {
        await first.Page.JoinAsync();
        await second.Page.JoinAsync();
        await Task.WhenAll(first.Page.ReceivesAsync(second.Name), second.Page.ReceivesAsync(first.Name));
        first._connection = await first.Page.ConnectionToAsync(second.Name);
        second._connection = await second.Page.ConnectionToAsync(first.Name);
        foreach (var caller in new[] { first, second })
            await caller._connection!.EvaluateAsync(NoteStates);
    }

    /// <summary>From now on no time passes for the scripts of the page but what the test lets pass.</summary>
    public async Task TakeClockAsync()
    {
        await Tab.Clock.InstallAsync(new() { TimeDate = _epoch });
        await Tab.Clock.PauseAtAsync(_epoch.AddDays(1));
    }

    /// <summary>Lets the time pass that the server has asked for, and sees that the page makes no use of half of it.</summary>
    public async Task ComesBackWhenToldAsync()
    {
        var (told, sockets) = (Received("server-draining").Last().GetProperty("reconnectAfterMs").GetInt32(), Sockets);
        if (told > 0)
            await Tab.Clock.RunForAsync(told / 2);
        Assert.That(Sockets, Is.EqualTo(sockets), $"told to wait {told} ms");
        await Tab.Clock.RunForAsync(told - (told / 2));
    }

    /// <summary>All messages of a type so far.</summary>
    public IEnumerable<JsonElement> Received(string type) => _received.Where(message => message.Text("type") == type);

    /// <summary>Waits for 3 s of the other's sound, 20 ms in each packet.</summary>
    public async Task HearsThreeSecondsAsync()
    {
        var before = await _connection!.EvaluateAsync<int>($"async connection => {Packets}");
        var arguments = new { connection = _connection, before };
        await Tab.WaitForFunctionAsync($"async ({{ connection, before }}) => {Packets} >= before + 150", arguments, new() { PollingInterval = 100 });
    }

    public Task SeesMoreAsync() => MediaFlow.ExpectAsync(Tab, _connection!);

    /// <summary>The page still has the connection of the beginning, and never was it anything but connected.</summary>
    public async Task HasKeptConnectionAsync()
    {
        const string IsShown = "connection => [...document.querySelectorAll('.tile')].some(tile => tile.connection === connection)";
        Assert.That(await Tab.EvaluateAsync<bool>(IsShown, _connection));
        Assert.That(await _connection!.EvaluateAsync<string[]>("connection => connection.states"), Is.All.EqualTo("connected"));
    }
}
