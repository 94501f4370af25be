using MeshSignal.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace MeshSignal.Tests.Browser;

/// <summary>That the page can be read, and used without a mouse: by WCAG 2.2, level AA, as far as a program can tell.</summary>
[NonParallelizable] // Media takes processor time; two of these at once would be measured against each other.
internal sealed class AccessibilityTests
{
    /// <summary>Controls in sight without a name, or smaller than a finger (but for links within text).</summary>
    private const string Nameless =
        """
        () => [...document.querySelectorAll('button, input, select, textarea, a, [tabindex="0"]')].flatMap(element => {
          if (!element.checkVisibility()) return [];
          const { width, height } = element.getBoundingClientRect();
          const name = element.ariaLabel || [...element.labels ?? []].map(label => label.textContent).join() || element.textContent.trim();
          const isSmall = element.localName !== 'a' && (width < 44 || height < 44);
          return name && !isSmall ? [] : [`${element.outerHTML.slice(0, 80)} ${width} x ${height}`];
        })
        """;

    /// <summary>Text in sight with less contrast than 4.5 : 1. What is half transparent is over white, the worst for light text.</summary>
    private const string Faint =
        """
        () => {
          const parse = color => color.match(/[\d.]+/g).map(Number);
          const over = ([r, g, b, a = 1], below) => [r, g, b].map((part, index) => part * a + below[index] * (1 - a));
          const light = color => {
            const [r, g, b] = color.map(part => part / 255).map(part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
            return .2126 * r + .7152 * g + .0722 * b;
          };
          const behind = element => {
            const own = element ? parse(getComputedStyle(element).backgroundColor) : [255, 255, 255];
            if (element?.matches('.pill, .state, .figures')) return over(own, [255, 255, 255]);
            return own.length === 3 || own[3] === 1 ? own.slice(0, 3) : over(own, behind(element.parentElement));
          };
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const faint = [];
          for (let text; (text = texts.nextNode());) {
            const element = text.parentElement;
            if (!text.data.trim() || !element.checkVisibility() || element.closest('option, noscript')) continue;
            const [a, b] = [over(parse(getComputedStyle(element).color), behind(element)), behind(element)].map(light).sort((x, y) => y - x);
            const contrast = (a + .05) / (b + .05);
            if (contrast < 4.5) faint.push(`${text.data.trim()}: ${contrast.toFixed(2)}`);
          }
          return faint;
        }
        """;

    [TestCase(ColorScheme.Light, 1280)]
    [TestCase(ColorScheme.Dark, 390)]
    public async Task Everything_in_sight_has_a_name_and_contrast(ColorScheme scheme, int width)
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var tab = await chromium.NewPageAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 844 } });
        await tab.GotoAsync($"{server.Url}/?room=den&name=alice");
        await Expect(tab.GetByRole(AriaRole.Heading)).ToHaveTextAsync("Join “den”");
        await IsClearAsync(tab);

        await tab.GetByRole(AriaRole.Button, new() { Name = "Join now" }).ClickAsync();
        await Expect(tab.Locator("[data-username='alice']")).ToBeVisibleAsync();
        await tab.GetByRole(AriaRole.Button, new() { Name = "Microphone", Exact = true }).ClickAsync();
        await tab.GetByRole(AriaRole.Button, new() { Name = "Camera", Exact = true }).ClickAsync();
        await Expect(tab.GetByRole(AriaRole.Button, new() { Name = "Camera", Exact = true })).ToHaveAttributeAsync("aria-pressed", "false");
        await IsClearAsync(tab);

        await tab.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await IsClearAsync(tab);
        await tab.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        await tab.GetByRole(AriaRole.Button, new() { Name = "Chat", Exact = true }).ClickAsync();
        await tab.GetByLabel("Message", new() { Exact = true }).FillAsync("/help");
        await tab.Keyboard.PressAsync("Enter");
        await Expect(tab.Locator(".notice").Last).ToContainTextAsync("/block");
        await IsClearAsync(tab);

        await tab.GotoAsync($"{server.Url}/check");
        await IsClearAsync(tab);
    }

    [Test]
    public async Task Focus_goes_where_the_eye_goes()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var page = await chromium.OpenAsync(server, "alice");
        var tab = page.Tab;
        await Expect(tab.Locator("#join")).ToBeFocusedAsync();
        await tab.Keyboard.PressAsync("Enter");
        await Expect(page.TileOf("alice")).ToBeVisibleAsync();

        Assert.That(await FocusedAsync(tab), Is.EqualTo("mic"));
        var order = new List<string>();
        for (var step = 0; step < 6; step++)
        {
            await tab.Keyboard.PressAsync("Tab");
            order.Add(await FocusedAsync(tab));
        }

        Assert.That(order, Is.EqualTo(["cam", "screen", "chatter", "leave", "copy", "setup"]));
        await tab.Keyboard.PressAsync("Enter");
        await Expect(tab.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await tab.Keyboard.PressAsync("Escape");
        await Expect(tab.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();
        Assert.That(await FocusedAsync(tab), Is.EqualTo("setup"), "where it was before the dialog");
        await tab.Locator("#leave").FocusAsync();
        await tab.Keyboard.PressAsync("Enter");
        await Expect(tab.Locator("#join")).ToBeFocusedAsync();
    }

    private static async Task IsClearAsync(IPage tab)
    {
        Assert.That(await tab.EvaluateAsync<string[]>(Nameless), Is.Empty);
        Assert.That(await tab.EvaluateAsync<string[]>(Faint), Is.Empty);
        Assert.That(await tab.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out");
    }

    private static Task<string> FocusedAsync(IPage tab) => tab.EvaluateAsync<string>("() => document.activeElement.id");
}
