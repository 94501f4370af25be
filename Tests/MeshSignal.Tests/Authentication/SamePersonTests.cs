using MeshSignal.Protocol;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Moderation;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Authentication;

/// <summary>Who has a session already, or had one: by the subject of a join token, or by the token of that session.</summary>
internal sealed class SamePersonTests
{
    [Test]
    public async Task The_same_person_takes_over_its_name_though_its_former_session_lives()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var token = Logins.Token("""{"sub":"1","name":"alice"}""");
        using var bob = await server.ConnectAsync("bob");
        await bob.JoinAsync("demo");
        using var first = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await first.GreetedAsync(withChat: false);
        await first.JoinAsync("demo");
        await bob.ExpectAsync(MessageTypes.PeerJoined);

        using var second = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await second.GreetedAsync(withChat: false);

        await first.ExpectCloseAfterNothingAsync(CloseCode.Replaced);
        await bob.ExpectLeftAsync(first, "replaced");
        using var late = server.Return(first, first.Counted);
        await late.ExpectNewAsync("unknown");
        await second.JoinAsync("demo");
    }

    [Test]
    public async Task Also_one_that_is_waited_for()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var token = Logins.Token("""{"sub":"1","name":"alice"}""");
        using var first = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await first.GreetedAsync(withChat: false);
        await first.ExpectNothingAsync();
        await first.LoseSocketAsync();

        using var second = server.Open(new ConnectionRequest(Profile.V1, Credential: token));

        await second.GreetedAsync(withChat: false);
        Assert.That(server.Get<SessionStore>().Count, Is.EqualTo(1));
    }

    [TestCase(null)]
    [TestCase("""{"sub":"2"}""")]
    public async Task Nobody_else_does(string? claims)
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var first = server.Open(new ConnectionRequest(Profile.V1, Credential: Logins.Token("""{"sub":"1","name":"alice"}""")));
        await first.GreetedAsync(withChat: false);

        using var second = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: claims is null ? null : Logins.Token(claims)));

        await second.ExpectErrorAsync(ErrorCode.NameTaken);
        await second.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);
        await first.ExpectNothingAsync();
    }

    [Test]
    public async Task Two_who_have_proven_nothing_are_not_the_same_person()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var first = await server.ConnectAsync("alice");
        using var second = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await second.ExpectErrorAsync(ErrorCode.NameTaken);
    }

    [Test]
    public async Task Who_comes_back_to_a_session_needs_no_token_and_stays_who_it_was_even_after_its_end()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();
        using var alice = server.Open(new ConnectionRequest(Profile.V1, Credential: Logins.Token($$"""{"sub":"1","name":"alice","exp":{{now + 10}}}""")));
        await alice.GreetedAsync(withChat: false);
        server.Advance(TimeSpan.FromMinutes(1), alice);
        await alice.LoseSocketAsync();

        using var back = await server.ResumeAsync(alice);
        await back.LoseSocketAsync();
        using var incomplete = server.Return(back, 999);
        await incomplete.ExpectNewAsync("incomplete");
        await incomplete.SendAsync(MessageTypes.Join, new { id = 1, room = "lobby" });

        await incomplete.ExpectErrorAsync(ErrorCode.NotAuthenticated, 1);
        Assert.That(server.Get<SessionStore>().All.Single().Identity.Subject, Is.EqualTo("1"));
    }

    [Test]
    public async Task But_not_who_names_a_session_that_there_is_not()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var alice = server.Return(new string('0', 64), 0, "alice");
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.SendRawAsync(Logins.Authenticate(Logins.Token("""{"sub":"1"}"""), id: 1));
        await alice.ExpectAckAsync(1);
        await alice.ExpectNewAsync("unknown");
    }

    [Test]
    public async Task Whoever_proves_a_session_gets_in_from_an_address_that_is_blocked()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, Address: Logins.Elsewhere, Credential: Logins.Token("""{"sub":"1","name":"alice"}""")));
        await alice.GreetedAsync(withChat: false);
        for (var i = 0; i < FailureLimits.MostFailures; i++)
            server.Get<FailureLimits>().Add(Logins.Elsewhere);

        using var reloaded = server.Open(
            new ConnectionRequest(Profile.V1, Former: new FormerSession(alice.Token, null), Address: Logins.Elsewhere, Credential: Logins.Token("""{"sub":"1","name":"alice"}""")));

        await reloaded.ExpectNewAsync("released");
        Assert.That(server.Get<SessionStore>().All.Single().Identity.Subject, Is.EqualTo("1"));
    }

    /// <summary>Its refusal is kept back for a while, and a kick must not have to wait for that.</summary>
    [Test]
    public async Task A_wrong_one_beside_the_token_of_a_session_does_not_hold_that_session()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace, Logins.Key);
        using var mallory = await server.ConnectAsync("mallory");
        using var guess = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(mallory.Token, null), Address: Logins.Elsewhere, Credential: "x.y.z"));
        await clock.WhenDelayBeginsAsync();

        var session = server.Get<SessionStore>().All.Single();
        Assert.That(await server.Get<Moderator>().KickAsync(session, Authority.Operator).WaitAsync(TestPeer.Timeout));

        await mallory.ExpectCloseAsync(CloseCode.Kicked);
        server.Clock.Advance(TimeSpan.FromSeconds(25));
        await guess.ExpectErrorAsync(ErrorCode.NotAuthenticated);
    }

    [Test]
    public async Task Who_has_begun_anew_before_its_kick_is_carried_out_is_kicked_as_who_it_is_by_then()
    {
        await using var server = await TestServer.StartAsync();
        using var mallory = await server.ConnectAsync("mallory");
        var session = server.Get<SessionStore>().All.Single();
        using var again = server.Return(mallory, null);
        await again.ExpectNewAsync("released");

        Assert.That(await server.Get<Moderator>().KickAsync(session, Authority.Operator));

        await again.ExpectCloseAsync(CloseCode.Kicked);
        Assert.That(server.Get<SessionStore>().Count, Is.Zero);
    }

    [Test]
    public async Task Whoever_is_banned_by_subject_is_not_greeted_first()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var alice = await server.ConnectAsync("alice");
        await server.BanAsync(Bans.Of("1"));

        using var banned = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(alice.Token, null), Credential: Logins.Token("""{"sub":"1"}""")));

        await banned.ExpectErrorAsync(ErrorCode.Banned);
        await banned.ExpectCloseAfterNothingAsync(CloseCode.Banned);
    }
}
