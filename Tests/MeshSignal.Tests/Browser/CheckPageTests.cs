using MeshSignal.Tests.Support;
using MeshSignal.Tests.Turn;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace MeshSignal.Tests.Browser;

/// <summary>The self-test: its verdict, and that its text for support says nothing of anybody.</summary>
[NonParallelizable] // Media takes processor time; two of these at once would be measured against each other.
internal sealed class CheckPageTests
{
    private const string Address = @"\d{1,3}(\.\d{1,3}){3}|([0-9A-Fa-f]{0,4}:){3,}|\.local|localhost|fake|Fake|check-|turns?:|http";

    [Test]
    public async Task Everything_works_over_a_relay()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());

        var (verdict, report) = await CheckAsync(server);

        Assert.That(verdict, Is.EqualTo("Everything works."), report);
        Assert.That(report, Does.Contain("turn-udp-1: ").And.Contain("pair: good").And.Not.Match(Address));
    }

    [Test]
    public async Task A_relay_that_is_gone_is_told()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings(transport: "tcp")); // Refused at once, where UDP would be tried for long.
        await coturn.StopAsync();

        var (verdict, report) = await CheckAsync(server);

        Assert.That(verdict, Is.EqualTo("Calls will not work here: this server demands a relay, and none answers."), report);
        Assert.That(report, Does.Contain("turn-tcp-1: 701").And.Not.Match(Address));
    }

    [Test]
    public async Task Credentials_that_the_relay_refuses_are_told()
    {
        await using var coturn = await Coturn.StartAsync("another-secret-than-the-server-has");
        await using var server = await RealServer.StartAsync(coturn.Settings());

        var (_, report) = await CheckAsync(server);

        Assert.That(report, Does.Contain("turn-udp-1: 401").And.Not.Match(Address));
    }

    [Test]
    public async Task Without_a_camera_calls_work_all_the_same()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());

        var (verdict, _) = await CheckAsync(
            server,
            """
            const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = wanted => wanted.video ? Promise.reject(new DOMException('', 'NotReadableError')) : original(wanted);
            """);

        Assert.That(verdict, Is.EqualTo("Calls work. Your camera needs attention."));
    }

    private static async Task<(string Verdict, string Report)> CheckAsync(RealServer server, string? beforeLoad = null)
    {
        await using var chromium = await Chromium.StartAsync();
        var tab = await chromium.NewPageAsync();
        if (beforeLoad is not null)
            await tab.AddInitScriptAsync(beforeLoad);
        await tab.GotoAsync($"{server.Url}/check");
        await tab.GetByRole(AriaRole.Button, new() { Name = "Start the check" }).ClickAsync();
        var report = tab.GetByLabel("Report");
        await Expect(report).ToBeVisibleAsync(new() { Timeout = 40_000 });
        return (await tab.GetByRole(AriaRole.Status).InnerTextAsync(), await report.InputValueAsync());
    }
}
