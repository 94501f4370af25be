using MeshSignal.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace MeshSignal.Tests.Browser;

/// <summary>A call outlives its way to the server: media does not pass through that.</summary>
[NonParallelizable] // Media takes processor time; two of these at once would be measured against each other.
internal sealed class ResumeInBrowserTests
{
    private const string InTouch = "You and one other are in room “den”.";
    private const string Lost = "Connection to the server lost. The call goes on. Reconnecting…";

    private const int HeartbeatMilliseconds = 30_000;
    private const int PatienceMilliseconds = 10_000;

    // Longer than any pause between two tries, and than any that the server asks for.
    private const int LongestPauseMilliseconds = 15_000;

    [Test]
    public async Task A_call_goes_on_while_a_socket_is_lost_and_its_session_after_that()
    {
        await using var server = await RealServer.StartAsync();
        await using var network = CuttableRelay.Start(server.Port);
        await using var chromium = await Chromium.StartAsync();
        var alice = await Caller.OpenAsync(chromium, server, "alice", network.Url);
        var bob = await Caller.OpenAsync(chromium, server, "bob");
        await Caller.CallAsync(alice, bob);
        var fragment = await alice.Page.AgreedFragmentAsync("bob", null);

        network.Cut();
        await Expect(alice.Page.Status).ToHaveTextAsync(Lost);
        await Expect(bob.Page.TileOf("alice")).ToContainTextAsync("Reconnecting…");
        await alice.Page.RestartIceAsync("bob"); // Its offer has to wait.
        await Task.WhenAll(network.RefusesOneAsync(), alice.HearsThreeSecondsAsync(), bob.HearsThreeSecondsAsync());
        await Task.WhenAll(alice.SeesMoreAsync(), bob.SeesMoreAsync());

        network.GoOn();
        await Expect(alice.Page.Status).ToHaveTextAsync(InTouch);
        await Task.WhenAll(alice.Page.ReceivesAsync("bob"), bob.Page.ReceivesAsync("alice"));
        fragment = await alice.Page.AgreedFragmentAsync("bob", fragment);
        await alice.Page.RestartIceAsync("bob");
        await alice.Page.AgreedFragmentAsync("bob", fragment);

        await Task.WhenAll(alice.Page.ReceivesAsync("bob"), bob.Page.ReceivesAsync("alice"));
        await Task.WhenAll(alice.HasKeptConnectionAsync(), bob.HasKeptConnectionAsync());
        Assert.That(alice.Received("session-token").Select(static token => token.GetProperty("resumed").GetBoolean()), Is.EqualTo([false, true]));
        var peerId = alice.Received("webrtc-joined").Single().Text("peerId");
        Assert.That(
            bob.Received("webrtc-peer-status").Select(static status => (status.Text("peerId"), status.Text("status"))),
            Is.EqualTo([(peerId, "reconnecting"), (peerId, "connected")]));
        Assert.That(alice.Received("webrtc-peer-left").Concat(bob.Received("webrtc-peer-left")), Is.Empty);
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    [Test]
    public async Task A_server_that_falls_silent_is_asked_over_another_socket_and_nothing_is_said_twice()
    {
        await using var server = await RealServer.StartAsync();
        await using var network = CuttableRelay.Start(server.Port);
        await using var chromium = await Chromium.StartAsync();
        var alice = await Caller.OpenAsync(chromium, server, "alice", network.Url);
        var bob = await Caller.OpenAsync(chromium, server, "bob");
        await alice.TakeClockAsync();
        await Caller.CallAsync(alice, bob);
        var (ofAlice, ofBob) = (await alice.Page.AgreedFragmentAsync("bob", null), await bob.Page.AgreedFragmentAsync("alice", null));

        network.SilenceServer();
        await alice.Page.RestartIceAsync("bob");
        await bob.Page.AgreedFragmentAsync("alice", ofBob); // The answer is on its way to nowhere.
        await alice.Tab.Clock.FastForwardAsync(HeartbeatMilliseconds);
        await alice.Tab.Clock.FastForwardAsync(PatienceMilliseconds);
        await Expect(alice.Page.Status).ToHaveTextAsync(Lost);
        await alice.Tab.Clock.FastForwardAsync(LongestPauseMilliseconds);
        await Expect(alice.Page.Status).ToHaveTextAsync(InTouch);

        await alice.Page.AgreedFragmentAsync("bob", ofAlice);
        await Task.WhenAll(alice.Page.ReceivesAsync("bob"), bob.Page.ReceivesAsync("alice"));
        Assert.That(alice.Received("session-token").Select(static token => token.GetProperty("resumed").GetBoolean()), Is.EqualTo([false, true]));
        Assert.That(bob.Received("webrtc-offer").Count(), Is.EqualTo(2));
        Assert.That(bob.Received("webrtc-peer-status").Concat(bob.Received("webrtc-peer-left")), Is.Empty);
        await Task.WhenAll(alice.HasKeptConnectionAsync(), bob.HasKeptConnectionAsync());
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    [Test]
    public async Task A_call_outlives_its_server_twice()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await Caller.OpenAsync(chromium, server, "alice");
        var bob = await Caller.OpenAsync(chromium, server, "bob");
        await Task.WhenAll(alice.TakeClockAsync(), bob.TakeClockAsync());
        await Caller.CallAsync(alice, bob);

        await server.StopAsync();
        await using var second = await SucceedAsync(server.Port, alice, bob);
        await second.TerminateAsync();
        Assert.That((await second.EndAsync()).ExitCode, Is.Zero);
        await using var third = await SucceedAsync(server.Port, bob, alice);

        await Task.WhenAll(alice.HasKeptConnectionAsync(), bob.HasKeptConnectionAsync());
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_page_loaded_anew_has_its_name_at_once(bool fellSilent)
    {
        await using var server = await RealServer.StartAsync();
        await using var network = CuttableRelay.Start(server.Port);
        await using var chromium = await Chromium.StartAsync();
        var alice = await Caller.OpenAsync(chromium, server, "alice", network.Url);
        var bob = await Caller.OpenAsync(chromium, server, "bob");
        await Caller.CallAsync(alice, bob);

        if (fellSilent)
            network.SilenceBoth();
        await alice.Tab.ReloadAsync();
        await alice.Page.JoinAsync();

        await Task.WhenAll(alice.Page.ReceivesAsync("bob"), bob.Page.ReceivesAsync("alice"));
        Assert.That(alice.Received("session-token").Last().Text("username"), Is.EqualTo("alice"));
        if (fellSilent)
            Assert.That(alice.Received("session-token").Last().Text("reason"), Is.EqualTo("released"));
        Assert.That(bob.Received("webrtc-peer-left").Single().Text("reason"), Is.EqualTo("left"));
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    [Test]
    public async Task Who_is_replaced_by_another_window_does_not_come_back()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await Caller.OpenAsync(chromium, server, "alice");
        await alice.TakeClockAsync();
        await alice.Page.JoinAsync();
        var session = new { username = "alice", token = alice.Received("session-token").Single().Text("token") };

        // As when a page was restored from what another one had left.
        var twin = await Caller.OpenAsync(chromium, server, "alice");
        await twin.Tab.EvaluateAsync("session => sessionStorage.setItem('meshsignal', JSON.stringify(session))", session);
        await twin.Page.JoinAsync();

        await Expect(alice.Page.Problem).ToHaveTextAsync("You joined from another window. This one has stopped.");
        await alice.Tab.Clock.RunForAsync(2 * LongestPauseMilliseconds);
        Assert.That(alice.Sockets, Is.EqualTo(1));
        await Expect(twin.Page.Status).ToHaveTextAsync("You are the only one in room “den”.");
    }

    [Test]
    public async Task Who_finds_the_name_taken_after_coming_back_does_not_try_again()
    {
        await using var server = await RealServer.StartAsync(("MeshSignal:Sessions:ResumeGrace", "00:00:00"));
        await using var network = CuttableRelay.Start(server.Port);
        await using var chromium = await Chromium.StartAsync();
        var alice = await Caller.OpenAsync(chromium, server, "alice", network.Url);
        var namesake = await Caller.OpenAsync(chromium, server, "alice");
        var bob = await Caller.OpenAsync(chromium, server, "bob");
        await alice.TakeClockAsync();
        await Caller.CallAsync(alice, bob);

        network.Cut();
        await Expect(alice.Page.Status).ToHaveTextAsync(Lost);
        await Expect(bob.Page.TileOf("alice")).ToContainTextAsync("Reconnecting…"); // Without a session, but to be seen.
        await namesake.Page.JoinAsync();
        network.GoOn();
        await alice.Tab.Clock.FastForwardAsync(LongestPauseMilliseconds);

        await Expect(alice.Page.Problem).ToHaveTextAsync("Somebody here is already called “alice”. Choose another name.");
        var sockets = alice.Sockets;
        await alice.Tab.Clock.RunForAsync(2 * LongestPauseMilliseconds);
        Assert.That(alice.Sockets, Is.EqualTo(sockets));
        await bob.Page.ReceivesAsync("alice");
    }

    /// <summary>Starts the next server once both do without one, and waits until they have found it and each other. Offers made meanwhile arrive.</summary>
    private static async Task<ServerProcess> SucceedAsync(int port, Caller first, Caller second)
    {
        foreach (var caller in new[] { first, second })
            await Expect(caller.Page.Status).ToHaveTextAsync(Lost);
        var fragment = await first.Page.AgreedFragmentAsync(second.Name, null);
        await Task.WhenAll(first.Page.RestartIceAsync(second.Name), second.Page.RestartIceAsync(first.Name));
        await Task.WhenAll(first.HearsThreeSecondsAsync(), second.HearsThreeSecondsAsync());
        await Task.WhenAll(first.SeesMoreAsync(), second.SeesMoreAsync());

        var next = await ServerProcess.StartListeningAsync(port);
        foreach (var caller in new[] { first, second })
        {
            var former = caller.Received("webrtc-joined").Last().Text("peerId");
            await caller.ComesBackWhenToldAsync();
            await Expect(caller.Page.Status).ToHaveTextAsync(InTouch);
            Assert.That(caller.Received("session-token").Last().Text("reason"), Is.EqualTo("unknown"));
            var self = caller.Received("webrtc-joined").Last().GetProperty("participants").EnumerateArray().Last();
            Assert.That(self.Text("previousPeerId"), Is.EqualTo(former));
        }

        await first.Page.AgreedFragmentAsync(second.Name, fragment);
        await Task.WhenAll(first.Page.ReceivesAsync(second.Name), second.Page.ReceivesAsync(first.Name));
        return next;
    }
}
