using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

/// <summary>A page that was loaded anew has kept only its token: it ends its session and takes the name over.</summary>
internal sealed class ReleaseTests
{
    [Test]
    public async Task A_released_session_has_left_and_its_name_is_the_new_ones()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();

        using var bob = pair.Server.Return(pair.Bob, null, "bob");
        var greeting = await bob.ExpectNewAsync("released");

        Assert.That((bob.Name, greeting.GetProperty("resumeGraceMs").GetInt32()), Is.EqualTo(("bob", 30_000)));
        await pair.Alice.ExpectLeftAsync(pair.Bob, "left");
        await bob.OfferAsync("alice");
        await bob.ExpectErrorAsync(ErrorCode.NotJoined);
        Assert.That(pair.Server.Get<SessionStore>().Count, Is.EqualTo(2));
    }

    [Test]
    public async Task A_socket_that_is_still_open_is_closed_with_4509()
    {
        await using var pair = await Pair.InCallAsync();

        using var bob = pair.Server.Return(pair.Bob, null, "bob");
        await bob.ExpectNewAsync("released");

        await pair.Bob.ExpectCloseAfterNothingAsync(CloseCode.Replaced);
        await pair.Bob.Served.WaitAsync(TestPeer.Timeout);
        await pair.Alice.ExpectLeftAsync(pair.Bob, "left");
        await bob.JoinAsync("demo");
        await pair.Alice.ExpectAsync(MessageTypes.PeerJoined);
        await pair.Alice.ExpectNothingAsync();
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("BOB")]
    [TestCase("b0b")]
    public async Task Without_a_name_or_with_a_spelling_of_it_the_new_one_has_the_same(string? name)
    {
        await using var pair = await Pair.InCallAsync();

        using var bob = pair.Server.Return(pair.Bob, null, name);
        await bob.ExpectNewAsync("released");

        Assert.That(bob.Name, Is.EqualTo("bob"));
    }

    [Test]
    public async Task With_another_name_the_old_one_is_free()
    {
        await using var pair = await Pair.InCallAsync();

        using var carol = pair.Server.Return(pair.Bob, null, "carol");
        await carol.ExpectNewAsync("released");

        Assert.That(carol.Name, Is.EqualTo("carol"));
        using var bob = await pair.Server.ConnectAsync("bob");
    }

    [Test]
    public async Task In_another_scope_the_old_name_is_free_too()
    {
        await using var pair = await Pair.InCallAsync();

        using var elsewhere = pair.Server.Open(new ConnectionRequest(Profile.V1, "bob", "elsewhere", Former: new FormerSession(pair.Bob.Token, null)));
        await elsewhere.ExpectNewAsync("released");

        using var bob = await pair.Server.ConnectAsync("bob");
        Assert.That((elsewhere.Name, bob.Name), Is.EqualTo(("bob", "bob")));
    }

    [TestCase("alice", 4510)]
    [TestCase("?", 4511)]
    public async Task Who_cannot_have_the_name_that_it_asks_for_has_released_the_session_all_the_same(string name, int code)
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();

        using var refused = pair.Server.Return(pair.Bob, null, name);
        await refused.ExpectAsync(MessageTypes.Error);
        Assert.That(await refused.ExpectCloseAsync(), Is.EqualTo(code));

        await pair.Alice.ExpectLeftAsync(pair.Bob, "left");
        using var bob = await pair.Server.ConnectAsync("bob");
    }

    [Test]
    public async Task The_scope_hears_that_one_has_left_and_one_has_come()
    {
        await using var server = await TestServer.StartAsync();
        using var legacy = await server.ConnectLegacyAsync("legacy");
        using var alice = await server.ConnectAsync("alice", chat: true);
        await legacy.ExpectSystemAsync("alice has joined.");

        using var anew = server.Open(new ConnectionRequest(Profile.V1, Chat: "on", Former: new FormerSession(alice.Token, null)));
        await anew.ExpectNewAsync("released");
        await anew.ExpectAsync(MessageTypes.History);
        await anew.ExpectSystemAsync("alice has joined.");

        await legacy.ExpectSystemAsync("alice has left.");
        await legacy.ExpectSystemAsync("alice has joined.");
        await legacy.SayAsync("/list");
        await legacy.ExpectSystemAsync("Online users: legacy, alice");
    }

    [Test]
    public async Task A_token_that_nobody_has_releases_nothing()
    {
        await using var server = await TestServer.StartAsync();
        using var holder = await server.ConnectAsync("alice");

        using var stranger = server.Return(new string('a', 64), null, "bob");
        await stranger.ExpectNewAsync("unknown");

        await holder.ExpectNothingAsync();
    }

    [Test]
    public async Task The_released_sessions_token_is_over()
    {
        await using var pair = await Pair.InCallAsync();
        using var bob = pair.Server.Return(pair.Bob, null);
        await bob.ExpectNewAsync("released");

        using var again = pair.Server.Return(pair.Bob, null, "carol");

        await again.ExpectNewAsync("unknown");
        await bob.ExpectNothingAsync();
    }

    /// <summary>Its token is told before it is in its scope, and somebody else may be speaking there just then.</summary>
    [Test]
    public async Task Of_a_session_that_was_released_while_it_came_in_nothing_is_left()
    {
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster));
        using var listener = await server.ConnectLegacyAsync("listener");
        using var speaker = await server.ConnectLegacyAsync("speaker");
        using var gate = new ManualResetEventSlim();
        var isHeld = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.ThrowsFor = session =>
        {
            if (session.Username.Value == "listener" && isHeld.TrySetResult())
                gate.Wait(TestPeer.Timeout);
            return false;
        };
        await speaker.SayAsync("this takes its time");
        await isHeld.Task.WaitAsync(TestPeer.Timeout);

        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        alice.Adopt(await alice.ExpectAsync(MessageTypes.SessionToken));
        using var anew = server.Return(alice, null, "alice");
        var token = SessionToken.HashOf(alice.Token);
        for (var i = 0; i < 10_000 && server.Get<SessionStore>().Find(token) is not null; i++)
            await Task.Yield(); // Time for it to do what it should not do yet.
        gate.Set();

        await anew.ExpectNewAsync("released");
        await anew.ExpectNothingAsync();
        await alice.Served.WaitAsync(TestPeer.Timeout);
        await speaker.SayAsync("/list");
        var list = (await speaker.ReceiveAllAsync()).Single(message => message.Text("type") == MessageTypes.System && message.Text("text").StartsWith("Online", StringComparison.Ordinal));
        Assert.That(list.Text("text"), Is.EqualTo("Online users: listener, speaker, alice"));
    }

    [Test]
    public async Task Whoever_else_wants_the_name_meanwhile_does_not_get_it()
    {
        await using var server = await TestServer.StartAsync();
        var current = await server.ConnectAsync("alice");
        await current.ExpectNothingAsync();
        using var stop = new CancellationTokenSource();
        var taken = 0;
        var wanting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var other = server.Open(new ConnectionRequest(Profile.V1, "alice"));
                taken += (await other.ReceiveAsync()).Text("type") == MessageTypes.SessionToken ? 1 : 0;
            }
        });
        for (var round = 0; round < 300; round++)
        {
            if (round % 2 == 0)
                await current.LoseSocketAsync();
            var successor = server.Return(current, round % 3 == 0 ? 99 : null);
            var greeting = await successor.ExpectNewAsync(round % 3 == 0 ? "incomplete" : "released");
            Assert.That(greeting.Text("username"), Is.EqualTo("alice"), $"round {round}");
            await successor.ExpectNothingAsync();
            current.Dispose();
            current = successor;
        }

        await stop.CancelAsync();
        await wanting;
        Assert.That(taken, Is.Zero);
        current.Dispose();
    }

    [Test]
    public async Task Of_two_that_release_the_same_session_one_gets_the_name()
    {
        await using var server = await TestServer.StartAsync();
        for (var round = 0; round < 100; round++)
        {
            using var alice = await server.ConnectAsync("alice");
            var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
            {
                var peer = server.Return(alice, null);
                return (Peer: peer, Greeting: await peer.ExpectAsync(MessageTypes.SessionToken));
            })));

            Assert.That(both.Select(one => one.Greeting.Text("reason")), Is.EquivalentTo(["released", "unknown"]), $"round {round}");
            Assert.That(both.Single(one => one.Greeting.Text("reason") == "released").Greeting.Text("username"), Is.EqualTo("alice"));
            foreach (var (peer, _) in both)
            {
                await peer.CloseAsync();
                await peer.Served.WaitAsync(TestPeer.Timeout);
                peer.Dispose();
            }
        }

        Assert.That(server.Get<SessionStore>().Count, Is.Zero);
    }
}
