using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>The served page, as its user sees it.</summary>
internal sealed class CallPage
{
    private readonly IPage _page;
    private readonly string _name;
    private readonly ConcurrentQueue<string> _complaints = new();

    public CallPage(IPage page, string name)
    {
        (_page, _name) = (page, name);
        page.PageError += (_, error) => _complaints.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                _complaints.Enqueue(message.Text);
        };
    }

    /// <summary>What is on the console: exceptions, refusals by the content security policy, failed negotiations.</summary>
    public IEnumerable<string> Complaints => _complaints;

    public IPage Tab => _page;

    public ILocator Problem => _page.GetByRole(AriaRole.Alert);

    public ILocator Status => _page.GetByRole(AriaRole.Status);

    public ILocator TileOf(string name) => _page.Locator($"[data-username='{name}']");

    /// <summary>Presses Join, and waits for nothing.</summary>
    public Task PressJoinAsync() => _page.GetByRole(AriaRole.Button, new() { Name = "Join" }).ClickAsync();

    /// <summary>Presses Join, and waits until the page is in the room.</summary>
    public async Task JoinAsync()
    {
        await PressJoinAsync();
        await Assertions.Expect(TileOf(_name)).ToBeVisibleAsync();
    }

    public Task LeaveAsync() => _page.GetByRole(AriaRole.Button, new() { Name = "Leave" }).ClickAsync();

    public Task CloseAsync() => _page.Context.CloseAsync();

    /// <summary>Waits until the camera of <paramref name="other"/> is seen, the microphone is heard, and more keeps coming.</summary>
    public async Task ReceivesAsync(string other)
    {
        await IsConnectedAsync(other);
        await MediaFlow.ExpectAsync(_page, await ConnectionToAsync(other));
    }

    /// <summary>Waits until the microphone of <paramref name="other"/> is heard, and more keeps coming.</summary>
    public async Task HearsAsync(string other)
    {
        await IsConnectedAsync(other);
        await MediaFlow.ExpectSoundAsync(_page, await ConnectionToAsync(other));
    }

    public Task IsConnectedAsync(string other) =>
        Assertions.Expect(_page.Locator($"[data-username='{other}']:is([data-state='direct'], [data-state='relayed'])")).ToHaveCountAsync(1);

    public async Task<IJSHandle> ConnectionToAsync(string other) =>
        await _page.EvaluateHandleAsync("name => document.querySelector(`[data-username='${name}']`).connection", other);

    /// <summary>Waits until the connection has a new pair of ICE credentials, agreed upon, and answers with its own half.</summary>
    /// <param name="previous">The own half before; null for the first.</param>
    public async Task<string> AgreedFragmentAsync(string other, string? previous)
    {
        var agreed = await _page.WaitForFunctionAsync(
            """
            ({ connection, previous }) => {
              const [fragment] = connection.currentLocalDescription?.sdp.match(/(?<=a=ice-ufrag:)\S+/) ?? [];
              return connection.signalingState === 'stable' && connection.connectionState === 'connected' && fragment !== previous && fragment;
            }
            """,
            new { connection = await ConnectionToAsync(other), previous });
        return await agreed.JsonValueAsync<string>();
    }

    public async Task RestartIceAsync(string other) => await (await ConnectionToAsync(other)).EvaluateAsync("connection => connection.restartIce()");
}
