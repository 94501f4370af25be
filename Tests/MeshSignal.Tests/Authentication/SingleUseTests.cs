using MeshSignal.Protocol;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Moderation;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Authentication;

/// <summary>Join tokens that are good for one session (<c>jti</c>), and which attempts use them.</summary>
internal sealed class SingleUseTests
{
    [Test]
    public async Task One_for_a_single_session_opens_no_second_but_the_next_of_the_same_client()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var token = Logins.Token("""{"sub":"1","name":"alice","jti":"j1"}""");
        using var alice = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await alice.GreetedAsync(withChat: false);

        using var thief = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await thief.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        await alice.ExpectNothingAsync();

        using var reloaded = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(alice.Token, null), Credential: token));
        await reloaded.ExpectNewAsync("released");
        Assert.That(reloaded.Name, Is.EqualTo("alice"));
    }

    [TestCase("""{"sub":"1","jti":"j1"}""", "taken", null, "name-taken")]
    [TestCase("""{"sub":"1","jti":"j1"}""", "system", null, "name-taken")]
    [TestCase("""{"sub":"1","jti":"j1"}""", "x", null, "invalid-name")]
    [TestCase("""{"sub":"1","jti":"j1"}""", "alice", "no room", "invalid-room")]
    [TestCase("""{"sub":"1","jti":"j1","name":"alice"}""", "other", null, "forbidden")]
    [TestCase("""{"sub":"1","jti":"j1","rooms":["demo","annex"]}""", "alice", null, "forbidden")]
    [TestCase("""{"sub":"1","jti":"j1"}""", "mallory", null, "banned")]
    public async Task Who_is_not_let_in_keeps_it(string claims, string name, string? room, string code)
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var other = await server.ConnectAsync("taken");
        await server.BanAsync(Bans.Of(name: "mallory"));
        var token = Logins.Token(claims);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            using var refused = server.Open(new ConnectionRequest(Profile.V1, name, room, Credential: token));
            Assert.That((await refused.ExpectAsync(MessageTypes.Error)).Text("code"), Is.EqualTo(code));
        }

        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", "demo", Credential: token));
        await alice.GreetedAsync(withChat: false);
        using var thief = server.Open(new ConnectionRequest(Profile.V1, "carol", "demo", Credential: token));
        await thief.ExpectErrorAsync(ErrorCode.NotAuthenticated);
    }

    [Test]
    public async Task Who_is_banned_by_subject_or_comes_from_a_banned_address_or_to_a_full_server_keeps_it()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        await server.BanAsync(Bans.Of("1"));
        await server.BanAsync(Bans.Of(address: "198.51.100.7"));
        var token = Logins.Token("""{"sub":"1","jti":"j1"}""");
        using var banned = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: token));
        await banned.ExpectErrorAsync(ErrorCode.Banned);
        using var anonymous = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await anonymous.ExpectErrorAsync(ErrorCode.Banned);
        using var there = server.Open(new ConnectionRequest(Profile.V1, "alice", Address: Logins.Elsewhere, Credential: token));
        await there.ExpectErrorAsync(ErrorCode.Banned);
        using var full = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: token) { Verdict = ConnectionVerdict.Full });
        await full.ExpectErrorAsync(ErrorCode.ServerFull);

        server.Get<BanList>().Remove(static _ => true);

        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: token));
        await alice.GreetedAsync(withChat: false);
    }

    [Test]
    public async Task In_the_first_message_too()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        var token = Logins.Token("""{"sub":"1","jti":"j1"}""");
        foreach (var (name, code) in new[] { ("system", "name-taken"), ("alice", null), ("bobby", "not-authenticated") })
        {
            var peer = server.Open(new ConnectionRequest(Profile.V1, name));
            await peer.ExpectAsync(MessageTypes.HeartbeatConfig);
            await peer.SendRawAsync(Logins.Authenticate(token, id: 1));
            if (code != "not-authenticated")
                await peer.ExpectAckAsync(1);
            if (code is null)
                await peer.GreetedAsync(withChat: false);
            else
                Assert.That((await peer.ExpectAsync(MessageTypes.Error)).Text("code"), Is.EqualTo(code));
            peer.Dispose();
        }
    }

    [Test]
    public async Task One_that_a_session_does_not_take_is_still_good_elsewhere()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var token = Logins.Token("""{"sub":"2","jti":"j1"}""");
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: Logins.Token("""{"sub":"1"}""")));
        await alice.GreetedAsync(withChat: false);
        await alice.SendAsync(MessageTypes.Authenticate, new { id = 1, credential = token });
        Assert.That((await alice.ExpectErrorAsync(ErrorCode.Forbidden, 1)).Text("reason"), Is.EqualTo("subject"));

        using var bob = await server.ConnectAsync("bob");
        await bob.SendAsync(MessageTypes.Authenticate, new { id = 1, credential = token });
        await bob.ExpectAckAsync(1);
        using var carol = await server.ConnectAsync("carol");
        await carol.SendAsync(MessageTypes.Authenticate, new { id = 1, credential = token });
        await carol.ExpectErrorAsync(ErrorCode.NotAuthenticated, 1);
    }

    /// <summary>Who shows the session's token beside the used one needs no use of it, so has none to give back.</summary>
    [Test]
    public async Task A_successor_that_is_not_let_in_makes_its_used_one_good_for_nobody()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var token = Logins.Token("""{"sub":"1","jti":"j1"}""");
        using var other = await server.ConnectAsync("taken");
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: token));
        await alice.GreetedAsync(withChat: false);

        using var reloaded = server.Open(new ConnectionRequest(Profile.V1, "taken", Former: new FormerSession(alice.Token, null), Credential: token));
        await reloaded.ExpectErrorAsync(ErrorCode.NameTaken);

        using var thief = server.Open(new ConnectionRequest(Profile.V1, "carol", Credential: token));
        await thief.ExpectErrorAsync(ErrorCode.NotAuthenticated);
    }

    [Test]
    public async Task Of_many_who_come_at_once_one_is_let_in()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var token = Logins.Token("""{"sub":"1","jti":"j1"}""");
        var peers = Enumerable.Range(0, 50).Select(i => server.Open(new ConnectionRequest(Profile.V1, $"peer{i}", Credential: token))).ToArray();
        var first = await Task.WhenAll(peers.Select(static peer => peer.ReceiveAsync()));

        Assert.That(first.Count(static message => message.Text("type") == MessageTypes.SessionToken), Is.EqualTo(1));
        Assert.That(server.Get<SessionStore>().Count, Is.EqualTo(1));
        foreach (var peer in peers)
            peer.Dispose();
    }
}
