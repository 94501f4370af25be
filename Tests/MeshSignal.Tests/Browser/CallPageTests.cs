using MeshSignal.Tests.Support;
using Microsoft.Extensions.Hosting;
using static Microsoft.Playwright.Assertions;

namespace MeshSignal.Tests.Browser;

// Media takes processor time; two of these at once would be measured against each other.
[NonParallelizable]
internal sealed class CallPageTests
{
    private const string RefuseCamera = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))";

    [TestCase(true)]
    [TestCase(false)]
    public async Task Two_pages_see_and_hear_each_other_until_one_goes(bool politely)
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice");
        var bob = await chromium.OpenAsync(server, "bob");

        await alice.JoinAsync();
        await bob.JoinAsync();
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
        await Expect(alice.Status).ToHaveTextAsync("You and one other are in room “den”.");

        await (politely ? bob.LeaveAsync() : bob.CloseAsync());
        await Expect(alice.TileOf("bob")).ToHaveCountAsync(0);
        await Expect(alice.Status).ToHaveTextAsync("You are the only one in room “den”.");
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    [Test]
    public async Task Who_left_can_come_back_and_three_are_a_mesh()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice");
        var bob = await chromium.OpenAsync(server, "bob");
        var carol = await chromium.OpenAsync(server, "carol");

        await alice.JoinAsync();
        await bob.JoinAsync();
        await alice.ReceivesAsync("bob");
        await alice.LeaveAsync();
        await Expect(bob.TileOf("alice")).ToHaveCountAsync(0);

        await alice.JoinAsync();
        await carol.JoinAsync();
        await Task.WhenAll(
            alice.ReceivesAsync("bob"), alice.ReceivesAsync("carol"),
            bob.ReceivesAsync("alice"), bob.ReceivesAsync("carol"),
            carol.ReceivesAsync("alice"), carol.ReceivesAsync("bob"));
        Assert.That(alice.Complaints.Concat(bob.Complaints).Concat(carol.Complaints), Is.Empty);
    }

    [Test]
    public async Task Media_goes_on_when_both_restart_ice_at_once()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice");
        var bob = await chromium.OpenAsync(server, "bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));

        for (var round = 0; round < 10; round++)
        {
            var before = await Task.WhenAll(alice.AgreedFragmentAsync("bob", null), bob.AgreedFragmentAsync("alice", null));
            await Task.WhenAll(alice.RestartIceAsync("bob"), bob.RestartIceAsync("alice"));
            await Task.WhenAll(alice.AgreedFragmentAsync("bob", before[0]), bob.AgreedFragmentAsync("alice", before[1]));
        }

        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_page_without_camera_and_microphone_still_sees_and_hears(bool isFirst)
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice", beforeLoad: RefuseCamera);
        var bob = await chromium.OpenAsync(server, "bob");

        await (isFirst ? alice : bob).JoinAsync();
        await (isFirst ? bob : alice).JoinAsync();

        await alice.ReceivesAsync("bob");
        await bob.IsConnectedAsync("alice");
        await Expect(alice.Problem).ToContainTextAsync("You are here without microphone and camera: your browser refused.");
    }

    [Test]
    public async Task A_name_that_is_taken_is_said_to_be()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var bob = await chromium.OpenAsync(server, "bob");
        var namesake = await chromium.OpenAsync(server, "B0B");
        await bob.JoinAsync();

        await namesake.PressJoinAsync();

        await Expect(namesake.Problem).ToHaveTextAsync("Somebody here is already called “B0B”. Choose another name.");
        await Expect(bob.Status).ToHaveTextAsync("You are the only one in room “den”.");
    }

    [Test]
    public async Task A_full_room_is_said_to_be()
    {
        await using var server = await RealServer.StartAsync(("MeshSignal:Calls:MaxParticipants", "2"));
        await using var chromium = await Chromium.StartAsync();
        var carol = await chromium.OpenAsync(server, "carol");
        foreach (var name in new[] { "alice", "bob" })
            await (await chromium.OpenAsync(server, name)).JoinAsync();

        await carol.PressJoinAsync();

        await Expect(carol.Problem).ToHaveTextAsync("This room is full. We try again every few seconds; or choose another room.");
        await Expect(carol.Tab.GetByLabel("Room", new() { Exact = true })).ToHaveValueAsync("den");
        await Expect(carol.Tab.GetByLabel("Room", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Test]
    public async Task A_server_that_goes_is_said_to()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice");
        await alice.JoinAsync();

        await server.Get<IHost>().StopAsync();
        await Expect(alice.Status).ToHaveTextAsync("Connection to the server lost. The call goes on. Reconnecting…");

        await alice.LeaveAsync();
        await alice.PressJoinAsync();
        await Expect(alice.Problem).ToHaveTextAsync("The server does not answer. Check your connection, and try again in a moment.");
    }
}
