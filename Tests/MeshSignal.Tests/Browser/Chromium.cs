using MeshSignal.Tests.Support;
using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>
/// One headless Chromium with a made-up camera and microphone, given without a question. Each page is a context of its own, as if on another machine.
/// </summary>
internal sealed class Chromium : IAsyncDisposable
{
    private const string Executable = "/usr/bin/chromium";
    private const float PatienceMilliseconds = 15_000;

    private static readonly string[] _arguments =
    [
        "--allow-loopback-in-peer-connection", "--use-fake-device-for-media-stream=fps=10", "--use-fake-ui-for-media-stream", "--no-sandbox", "--disable-gpu",
        "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Ends the test as ignored where there is no Chromium.</summary>
    public static async Task<Chromium> StartAsync()
    {
        if (!File.Exists(Executable))
            Missing.EndTest("chromium is not installed");

        Assertions.SetDefaultExpectTimeout(PatienceMilliseconds);
        var playwright = await Playwright.CreateAsync();
        return new Chromium(playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Executable, Args = _arguments }));
    }

    /// <summary>Opens the page that the server serves, ready to press Join.</summary>
    /// <param name="beforeLoad">A script that runs before those of the page.</param>
    /// <param name="url">Where the server seems to be, if not where it is.</param>
    public async Task<CallPage> OpenAsync(RealServer server, string name, string room = "den", string? beforeLoad = null, string? url = null)
    {
        var page = await NewPageAsync();
        if (beforeLoad is not null)
            await page.AddInitScriptAsync(beforeLoad);
        var call = new CallPage(page, name);
        await page.GotoAsync($"{url ?? server.Url}/?room={room}&name={name}");
        return call;
    }

    /// <summary>A client that speaks as those of js-chat-server do. It is in the room named like the scope of a connection that names none.</summary>
    public async Task<LegacyClient> JoinLegacyAsync(RealServer server, string name)
    {
        var page = await NewPageAsync();
        await page.GotoAsync($"{server.Url}/health/live");
        return await LegacyClient.JoinAsync(page, name);
    }

    /// <summary>A page of somebody's own that uses the client module; it has no content security policy and shows nothing.</summary>
    public async Task<ModulePage> OpenModuleAsync(RealServer server, string? beforeLoad = null)
    {
        var page = await NewPageAsync();
        if (beforeLoad is not null)
            await page.AddInitScriptAsync(beforeLoad);
        await page.GotoAsync($"{server.Url}/health/live");
        return await ModulePage.LoadAsync(page);
    }

    /// <summary>As on a machine of its own.</summary>
    public async Task<IPage> NewPageAsync(BrowserNewContextOptions? options = null)
    {
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(PatienceMilliseconds);
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
