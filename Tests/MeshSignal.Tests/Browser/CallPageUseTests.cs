using MeshSignal.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace MeshSignal.Tests.Browser;

/// <summary>What people do in a call: mute, show a screen, write, come to a full room, and all of it by keyboard.</summary>
[NonParallelizable] // Media takes processor time; two of these at once would be measured against each other.
internal sealed class CallPageUseTests
{
    [Test]
    public async Task Others_see_who_is_muted_and_whose_screen_it_is()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice");
        var bob = await chromium.OpenAsync(server, "bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
        var tile = bob.TileOf("alice");
        await Expect(tile).ToHaveAttributeAsync("aria-label", "alice");

        await alice.Tab.Keyboard.PressAsync("Control+d");
        await alice.Tab.Keyboard.PressAsync("Control+e");
        await Expect(tile).ToHaveAttributeAsync("aria-label", "alice, microphone off, camera off");
        await Expect(Toggle(alice, "Microphone")).ToHaveAttributeAsync("aria-pressed", "false");

        await Toggle(alice, "Share screen").ClickAsync();
        await Expect(tile).ToContainTextAsync("alice’s screen");
        await bob.Tab.WaitForFunctionAsync("() => document.querySelector('[data-username=alice] video').videoWidth >= 1280");
        await Toggle(alice, "Share screen").ClickAsync();
        await Toggle(alice, "Microphone").ClickAsync();
        await Toggle(alice, "Camera").ClickAsync();
        await Expect(tile).ToHaveAttributeAsync("aria-label", "alice");
        await bob.ReceivesAsync("alice");
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    [Test]
    public async Task A_line_of_the_chat_is_counted_until_it_is_read_and_its_links_are_safe()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice");
        var bob = await chromium.OpenAsync(server, "bob");
        await alice.JoinAsync();
        await bob.JoinAsync();

        await alice.Tab.Keyboard.PressAsync("Control+Alt+c");
        await alice.Tab.Keyboard.TypeAsync("<b>look</b> https://example.org/a?b=1 javascript:alert(1)");
        await alice.Tab.Keyboard.PressAsync("Enter");
        var button = bob.Tab.GetByRole(AriaRole.Button, new() { Name = "Chat, 1 unread" });
        await button.ClickAsync();

        var line = bob.Tab.Locator(".line");
        await Expect(line).ToContainTextAsync("<b>look</b>");
        await Expect(line.GetByRole(AriaRole.Link)).ToHaveAttributeAsync("rel", "noopener noreferrer");
        await Expect(line.GetByRole(AriaRole.Link)).ToHaveTextAsync("https://example.org/a?b=1");
        await Expect(bob.Tab.GetByLabel("Message", new() { Exact = true })).ToBeFocusedAsync();
        await bob.Tab.Keyboard.PressAsync("Escape");
        await Expect(bob.Tab.GetByRole(AriaRole.Button, new() { Name = "Chat", Exact = true })).ToBeFocusedAsync();
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    [Test]
    public async Task A_full_room_is_entered_when_there_is_a_place()
    {
        await using var server = await RealServer.StartAsync(("MeshSignal:Calls:MaxParticipants", "2"));
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice");
        var bob = await chromium.OpenAsync(server, "bob");
        await alice.JoinAsync();
        await (await chromium.OpenAsync(server, "carol")).JoinAsync();
        await bob.Tab.Clock.InstallAsync();
        await bob.PressJoinAsync();
        await Expect(bob.Problem).ToContainTextAsync("This room is full.");

        await alice.LeaveAsync();
        await Expect(alice.Tab.GetByRole(AriaRole.Heading)).ToHaveTextAsync("You left the call");
        await bob.Tab.Clock.FastForwardAsync(15_000);

        await Expect(bob.Status).ToHaveTextAsync("You and one other are in room “den”.");
        await Expect(bob.Problem).ToBeHiddenAsync();
    }

    [Test]
    public async Task A_name_is_made_fit_for_the_server_and_a_link_leads_to_the_room()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var tab = await chromium.NewPageAsync();
        await tab.GotoAsync(server.Url);

        await tab.GetByLabel("Your name").FillAsync("Lucía Márquez");
        await Expect(tab.GetByText("Others see you as Lucia-Marquez.")).ToBeVisibleAsync();
        var room = await tab.GetByLabel("Room").InputValueAsync();
        await tab.GetByRole(AriaRole.Button, new() { Name = "Join now" }).ClickAsync();

        await Expect(tab.Locator("[data-username='Lucia-Marquez']")).ToBeVisibleAsync();
        Assert.That(tab.Url, Is.EqualTo($"{server.Url}/?room={room}"));
        Assert.That(room, Does.Match("^[a-z]+-[a-z]+-[a-z0-9]+$"));
    }

    private static ILocator Toggle(CallPage page, string name) => page.Tab.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
}
