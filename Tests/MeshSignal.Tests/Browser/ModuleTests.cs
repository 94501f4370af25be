using System.Text;
using MeshSignal.Tests.Authentication;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Browser;

/// <summary>meshsignal.js as others use it: calls of its own making, and signaling for those who bring their own WebRTC.</summary>
[NonParallelizable] // Media takes processor time; two of these at once would be measured against each other.
internal sealed class ModuleTests
{
    private const int Rounds = 50;

    /// <summary>Counts the own offers that were taken back for the other's.</summary>
    private const string CountRollbacks =
        """
        window.rollbacks = 0;
        const original = RTCPeerConnection.prototype.setRemoteDescription;
        RTCPeerConnection.prototype.setRemoteDescription = function (description) {
          if (this.signalingState === 'have-local-offer' && description.type === 'offer') rollbacks++;
          return original.call(this, description);
        };
        """;

    /// <summary>Sends one more track and waits until the other side has agreed.</summary>
    private const string AddTrack =
        """
        async name => {
          const { connection } = call.peers.get(name);
          const [track] = document.createElement('canvas').captureStream(1).getTracks();
          const added = connection.addTrack(track, new MediaStream());
          window.extra = connection.getTransceivers().find(({ sender }) => sender === added);
        }
        """;

    private const string HasSettled = "name => call.peers.get(name).connection.signalingState === 'stable' && /send/.test(extra.currentDirection)";
    private const string HasStopped = "name => call.peers.get(name).connection.signalingState === 'stable' && extra.currentDirection === 'stopped'";

    [Test]
    public async Task Four_pages_are_a_mesh_with_media_on_every_link_until_they_leave()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        string[] names = ["alice", "bob", "carol", "dave"];
        var pages = new List<ModulePage>();
        foreach (var name in names)
        {
            var page = await chromium.OpenModuleAsync(server);
            await page.JoinAsync(new { username = name });
            pages.Add(page);
        }

        await Task.WhenAll(pages.Zip(names).SelectMany(pair => names.Where(other => other != pair.Second).Select(pair.First.ReceivesAsync)));
        var joined = await pages[0].Tab.EvaluateAsync<string[]>("() => events.filter(({ type }) => type === 'peerjoined').map(({ name }) => name)");
        Assert.That(joined, Is.EqualTo(names[1..]));

        await pages[0].WaitForAsync("() => call.send('hello').length === 3");
        foreach (var page in pages[1..])
            await page.WaitForAsync("() => events.some(({ type, name, data }) => type === 'message' && name === 'alice' && data === 'hello')");

        await pages[3].Tab.EvaluateAsync("() => call.leave()");
        await pages[0].WaitForAsync("() => events.some(({ type, name, reason }) => type === 'peerleft' && name === 'dave' && reason === 'left')");
        foreach (var page in pages)
            Assert.That(await page.ErrorsAsync(), Is.Empty);
    }

    [Test]
    public async Task Offers_that_collide_always_settle()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenModuleAsync(server, CountRollbacks);
        var bob = await chromium.OpenModuleAsync(server, CountRollbacks);
        await alice.JoinAsync(new { username = "alice" });
        await bob.JoinAsync(new { username = "bob" });
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));

        for (var round = 0; round < Rounds; round++)
        {
            await Task.WhenAll(alice.Tab.EvaluateAsync(AddTrack, "bob"), bob.Tab.EvaluateAsync(AddTrack, "alice"));
            await Task.WhenAll(alice.WaitForAsync(HasSettled, "bob"), bob.WaitForAsync(HasSettled, "alice"));
            await Task.WhenAll(alice.Tab.EvaluateAsync("() => extra.stop()"), bob.Tab.EvaluateAsync("() => extra.stop()"));
            await Task.WhenAll(alice.WaitForAsync(HasStopped, "bob"), bob.WaitForAsync(HasStopped, "alice"));
        }

        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
        Assert.That(await bob.Tab.EvaluateAsync<int>("() => rollbacks"), Is.Positive, "they never met");
        Assert.That(await alice.Tab.EvaluateAsync<int>("() => rollbacks"), Is.Zero, "she was there first");
        Assert.That(await alice.ErrorsAsync(), Is.Empty);
        Assert.That(await bob.ErrorsAsync(), Is.Empty);
    }

    [Test]
    public async Task What_was_switched_off_is_known_to_the_others_and_needs_no_negotiation()
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenModuleAsync(server);
        var bob = await chromium.OpenModuleAsync(server);
        await alice.JoinAsync(new { username = "alice" });
        await bob.JoinAsync(new { username = "bob" });
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
        await alice.Tab.EvaluateAsync("() => { window.needed = 0; call.peers.get('bob').connection.addEventListener('negotiationneeded', () => needed++); }");

        await alice.Tab.EvaluateAsync("async () => { await call.setAudio(false); await call.setVideo(false); }");
        await bob.WaitForAsync("() => { const { audio, video } = call.peers.get('alice'); return !audio && !video; }");
        Assert.That(await alice.Tab.EvaluateAsync<bool>("() => call.local.stream.getVideoTracks().length === 0"), "the camera is closed");

        await alice.Tab.EvaluateAsync("async () => { await call.shareScreen(); }");
        await bob.WaitForAsync("() => { const { video, screen } = call.peers.get('alice'); return !video && screen; }");
        await alice.Tab.EvaluateAsync("async () => { await call.setAudio(true); await call.setVideo(true); }");
        await alice.Tab.EvaluateAsync("() => call.local.stream.getVideoTracks()[0].dispatchEvent(new Event('ended'))"); // the browser's own bar
        await bob.WaitForAsync("() => { const { audio, video, screen } = call.peers.get('alice'); return audio && video && !screen; }");

        await bob.ReceivesAsync("alice");
        Assert.That(await alice.Tab.EvaluateAsync<int>("() => needed"), Is.Zero);
        Assert.That(await alice.ErrorsAsync(), Is.Empty);
    }

    /// <summary>Whoever hears of it first: the server tells all at once, but networks differ.</summary>
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public async Task A_policy_that_changes_makes_new_connections(int alone)
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenModuleAsync(server, WireTap.Record);
        var bob = await chromium.OpenModuleAsync(server, WireTap.Record);
        await alice.JoinAsync(new { username = "alice" });
        await bob.JoinAsync(new { username = "bob" });
        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.ReceivesAsync("alice"));
        foreach (var page in new[] { alice, bob })
            await page.Tab.EvaluateAsync("() => { window.former = [...call.peers.values()][0].connection; }");

        // As if the server had said so. Nothing forbids the direct way here, so that it can be seen to connect again.
        const string Change =
            """
            () => {
              const { config } = received.map(JSON.parse).find(({ type }) => type === 'webrtc-joined');
              socket.onmessage({ data: JSON.stringify({ type: 'webrtc-policy-changed', config: { ...config, allowVideo: false, allowScreenShare: false } }) });
            }
            """;
        const string IsNew =
            """
            other => {
              const { connection, status } = call.peers.get(other);
              return connection !== former && status === 'direct' && connection.connectionState === 'connected';
            }
            """;
        const string HasOnlySound =
            "call.peers.get(other).connection.getTransceivers().every(({ direction, receiver }) => receiver.track.kind === 'audio' || !direction.startsWith('send'))";
        ModulePage[] first = alone switch { 0 => [alice, bob], 1 => [alice], _ => [bob] };
        await Task.WhenAll(first.Select(page => page.Tab.EvaluateAsync(Change)));
        foreach (var (page, other) in new[] { (alice, "bob"), (bob, "alice") })
            await page.WaitForAsync(IsNew, other);
        foreach (var page in new[] { alice, bob }.Except(first))
            await page.Tab.EvaluateAsync(Change);

        foreach (var (page, other) in new[] { (alice, "bob"), (bob, "alice") })
        {
            await page.WaitForAsync($"other => ({IsNew})(other) && {HasOnlySound}", other);
            Assert.That(await page.Tab.EvaluateAsync<bool>("() => former.connectionState === 'closed' && call.local.video === false"));
            await page.WaitForAsync("() => call.send('hello').length === 1"); // so data channels have survived as well
        }
    }

    [Test]
    public async Task A_join_token_opens_the_door_and_is_asked_for_when_it_is_needed()
    {
        await using var server = await RealServer.StartAsync(
            ("MeshSignal:Authentication:Required", "true"), ("MeshSignal:Authentication:Keys:0:Algorithm", "HS256"),
            ("MeshSignal:Authentication:Keys:0:Secret", Encoding.UTF8.GetString(Tokens.Secret)));
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenModuleAsync(server);
        var credential = Tokens.Hs("""{"sub":"1","name":"alice","exp":4000000000}""");
        var expired = Tokens.Hs("""{"sub":"1","name":"alice","exp":1000000000}""");

        Assert.That(await alice.RefusalAsync(new { username = "alice", room = "den", media = new { }, token = expired }), Is.EqualTo("not-authenticated"));
        await alice.JoinAsync(new { username = "alice", media = new { }, token = credential });
        await alice.Tab.EvaluateAsync("() => call.leave()");
        await alice.Tab.EvaluateAsync(
            "async token => { window.asked = 0; window.call = await MeshSignal.join({ room: 'den', media: {}, token: async () => { asked++; return token; } }); }", credential);

        Assert.That(await alice.Tab.EvaluateAsync<int>("() => asked"), Is.EqualTo(1));
        Assert.That(await alice.Tab.EvaluateAsync<string>("() => call.username"), Is.EqualTo("alice"));
    }

    [Test]
    public async Task Join_that_cannot_be_rejects_with_a_code_and_leaves_nothing_behind()
    {
        await using var server = await RealServer.StartAsync(("MeshSignal:Calls:MaxParticipants", "2"));
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenModuleAsync(server);
        var bob = await chromium.OpenModuleAsync(server);
        var carol = await chromium.OpenModuleAsync(server);
        await alice.JoinAsync(new { username = "alice" });

        Assert.That(await bob.RefusalAsync(new { username = "a1ice", room = "den" }), Is.EqualTo("name-taken"));
        Assert.That(await bob.RefusalAsync(new { username = "x", room = "den" }), Is.EqualTo("invalid-name"));
        Assert.That(await bob.RefusalAsync(new { username = "bob", room = "a room" }), Is.EqualTo("invalid-room"));
        Assert.That(await bob.RefusalAsync(new { username = "bob", room = "den", url = "http://127.0.0.1:9/ws" }), Is.EqualTo("unreachable"));
        await bob.JoinAsync(new { username = "bob" });
        Assert.That(await carol.RefusalAsync(new { username = "carol", room = "den" }), Is.EqualTo("room-full"));

        await bob.Tab.EvaluateAsync("() => call.leave()");
        await alice.WaitForAsync("() => call.peers.size === 0");
        await carol.JoinAsync(new { username = "carol" });
        await Task.WhenAll(alice.ReceivesAsync("carol"), carol.ReceivesAsync("alice"));
    }

    [Test]
    public async Task Simple_peer_runs_over_the_signaling_class()
    {
        var script = SimplePeer.RequireScript();
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var pages = new List<ModulePage>();
        foreach (var name in new[] { "alice", "bob" })
        {
            var page = await chromium.OpenModuleAsync(server);
            await page.Tab.AddScriptTagAsync(new() { Path = script });
            await page.Tab.EvaluateAsync(SimplePeer.Join, name);
            pages.Add(page);
        }

        foreach (var (page, other) in pages.Zip(["bob", "alice"]))
        {
            await page.WaitForAsync("other => received.includes(`hello from ${other}`)", other);
            await MediaFlow.ExpectAsync(page.Tab, await page.Tab.EvaluateHandleAsync("other => peers.get(other)._pc", other));
            Assert.That(await page.Tab.EvaluateAsync<string[]>("() => errors"), Is.Empty);
        }
    }
}
