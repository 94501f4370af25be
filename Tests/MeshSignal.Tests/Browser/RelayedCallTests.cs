using MeshSignal.Tests.Moderation;
using MeshSignal.Tests.Support;
using MeshSignal.Tests.Turn;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace MeshSignal.Tests.Browser;

/// <summary>Calls in a room with <c>ForceRelay</c>, in a real browser and over a real TURN server: they connect, and nobody learns where anybody is.</summary>
[NonParallelizable] // Media takes processor time; two of these at once would be measured against each other.
internal sealed class RelayedCallTests
{
    private const string Careless = WireTap.Record + WireTap.LookForEveryPath;

    [Test]
    public async Task Ten_calls_of_clients_that_tell_every_address_they_have_give_none_away()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice", beforeLoad: Careless);
        var bob = await chromium.OpenAsync(server, "bob", beforeLoad: Careless);

        for (var call = 0; call < 10; call++)
        {
            // Each is the one who offers in every second call.
            foreach (var page in call % 2 == 0 ? new[] { alice, bob } : [bob, alice])
                await page.JoinAsync();
            await IsRelayedAsync(alice, bob);

            await alice.LeaveAsync();
            await Expect(bob.TileOf("alice")).ToHaveCountAsync(0);
            await bob.LeaveAsync();
        }

        foreach (var page in new[] { alice, bob })
        {
            await NothingLeakedToAsync(page);
            Assert.That(await ReasonsAsync(page), Is.Not.Empty.And.All.Contains("type"), "it did tell, and was told that it is in vain");
        }
    }

    [Test]
    public async Task Clients_that_keep_to_the_policy_hear_nothing_of_it()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice", beforeLoad: WireTap.Record);
        var bob = await chromium.OpenAsync(server, "bob", beforeLoad: WireTap.Record);

        await alice.JoinAsync();
        await bob.JoinAsync();
        await IsRelayedAsync(alice, bob);

        await NothingLeakedToAsync(alice);
        await NothingLeakedToAsync(bob);
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    /// <summary>Which do not know of any policy.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task A_call_with_a_legacy_client_is_relayed_too(bool isFirst)
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice", "lobby", Careless);
        var visitor = await chromium.OpenAsync(server, "visitor", beforeLoad: WireTap.Record);

        if (!isFirst)
            await alice.JoinAsync();
        var jonas = await LegacyClient.JoinAsync(PageOf(visitor), "jonas");
        if (isFirst)
            await alice.JoinAsync();
        await Task.WhenAll(alice.ReceivesAsync("jonas"), jonas.ReceivesAsync());

        await RelayedPath.ExpectAsync(await alice.ConnectionToAsync("jonas"), Coturn.RelayAddress);
        await RelayedPath.ExpectAsync(await PageOf(visitor).EvaluateHandleAsync("() => client.connection"), Coturn.RelayAddress);
        await NothingLeakedToAsync(alice);
        await NothingLeakedToAsync(visitor);
        Assert.That(await jonas.ComplaintsAsync(), Is.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Without_the_relay_both_are_told_and_still_nobody_learns_anything(bool isCareless)
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings(transport: "tcp")); // Refused at once, where UDP would be tried for long.
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice", beforeLoad: isCareless ? Careless : WireTap.Record);
        var bob = await chromium.OpenAsync(server, "bob", beforeLoad: isCareless ? Careless : WireTap.Record);
        await coturn.StopAsync();

        await alice.JoinAsync();
        await bob.JoinAsync();

        foreach (var (page, other) in new[] { (alice, "bob"), (bob, "alice") })
        {
            await WireTap.IsToldAsync(PageOf(page), "relay-unavailable");
            await Expect(page.TileOf(other)).ToContainTextAsync("the relay of this room cannot be reached");
            await NothingLeakedToAsync(page, hasCandidates: false);
            Assert.That(await ReasonsAsync(page), isCareless ? Is.Not.Empty.And.All.Contains("type") : Is.Empty);
        }
    }

    [Test]
    public async Task New_credentials_reach_the_connections_there_are_and_those_to_come()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await RealServer.StartAsync(coturn.Settings());
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice", beforeLoad: WireTap.Record);
        var bob = await chromium.OpenAsync(server, "bob");
        var carol = await chromium.OpenAsync(server, "carol");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await alice.ReceivesAsync("bob");
        var former = await UsernameAsync(alice, "bob");

        // Those of another second are others.
        await PageOf(alice).WaitForFunctionAsync("end => Math.floor(Date.now() / 1000) + 600 > end", long.Parse(former.Split(':')[0], null));
        await PageOf(alice).EvaluateAsync("() => socket.send(JSON.stringify({ type: 'webrtc-ice-servers', token: JSON.parse(received[0]).token }))");
        await PageOf(alice).WaitForFunctionAsync("() => received.map(JSON.parse).some(message => message.type === 'webrtc-ice-servers')");

        var given = (await WireTap.ReceivedAsync(PageOf(alice))).Single(static message => message.Text("type") == "webrtc-ice-servers");
        var username = given.GetProperty("iceServers")[0].Text("username");
        Assert.That(username, Is.Not.EqualTo(former));
        Assert.That(await UsernameAsync(alice, "bob"), Is.EqualTo(username));
        await carol.JoinAsync();
        await alice.ReceivesAsync("carol");
        Assert.That(await UsernameAsync(alice, "carol"), Is.EqualTo(username));

        await alice.RestartIceAsync("bob");
        await alice.ReceivesAsync("bob");
        await RelayedPath.ExpectAsync(await alice.ConnectionToAsync("bob"), Coturn.RelayAddress);
        Assert.That(alice.Complaints.Concat(bob.Complaints).Concat(carol.Complaints), Is.Empty);
    }

    [Test]
    public async Task A_call_that_runs_directly_is_relayed_when_the_operator_says_so_and_goes_on()
    {
        await using var coturn = await Coturn.StartAsync();
        await using var server = await AdminClient.StartAsync([.. coturn.Settings(), ("MeshSignal:Calls:ForceRelay", "false")]);
        await using var chromium = await Chromium.StartAsync();
        using var admin = new AdminClient(server);
        var alice = await chromium.OpenAsync(server, "alice");
        var bob = await chromium.OpenAsync(server, "bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
        foreach (var (page, other) in new[] { (alice, "bob"), (bob, "alice") })
            await Expect(page.TileOf(other)).ToHaveAttributeAsync("data-state", "direct");

        Assert.That((await admin.SendAsync("PATCH", "/admin/rooms/den", """{"forceRelay":true}""")).Status, Is.EqualTo(200));

        foreach (var (page, other) in new[] { (alice, "bob"), (bob, "alice") })
            await Expect(page.TileOf(other)).ToHaveAttributeAsync("data-state", "relayed");
        await IsRelayedAsync(alice, bob);
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    private static IPage PageOf(CallPage page) => page.Status.Page;

    private static async Task IsRelayedAsync(CallPage alice, CallPage bob)
    {
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
        await RelayedPath.ExpectAsync(await alice.ConnectionToAsync("bob"), Coturn.RelayAddress);
        await RelayedPath.ExpectAsync(await bob.ConnectionToAsync("alice"), Coturn.RelayAddress);
    }

    private static async Task NothingLeakedToAsync(CallPage page, bool hasCandidates = true)
    {
        var received = await WireTap.ReceivedAsync(PageOf(page));
        Assert.That(received.SelectMany(static message => AddressLeaks.In(message, Coturn.RelayAddress)), Is.Empty);
        Assert.That(received.SelectMany(AddressLeaks.CandidatesIn).Any(), Is.EqualTo(hasCandidates));
    }

    /// <summary>Of all that the policy has held back.</summary>
    private static async Task<string[]> ReasonsAsync(CallPage page) => [.. (await WireTap.ReceivedAsync(PageOf(page)))
        .Where(static message => message.Text("type") == "webrtc-error" && message.Text("code") == "relay-policy")
        .Select(static message => message.Text("reason"))];

    private static async Task<string> UsernameAsync(CallPage page, string other) =>
        await (await page.ConnectionToAsync(other)).EvaluateAsync<string>("connection => connection.getConfiguration().iceServers[0].username");
}
