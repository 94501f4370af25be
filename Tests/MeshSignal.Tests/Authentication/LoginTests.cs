using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Moderation;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Authentication;

/// <summary>Who comes in by which token, and what it allows. The clock stands at the beginning of 2026.</summary>
internal sealed class LoginTests
{
    private const long Exp = 4_000_000_000;

    private static readonly ClientAddress _elsewhere = new(System.Net.IPAddress.Parse("198.51.100.7"));

    private static readonly (string Key, string Value)[] _key =
        [("MeshSignal:Authentication:Keys:0:Algorithm", "HS256"), ("MeshSignal:Authentication:Keys:0:Secret", System.Text.Encoding.UTF8.GetString(Tokens.Secret))];

    private static readonly (string Key, string Value)[] _required = [.. _key, ("MeshSignal:Authentication:Required", "true")];

    [Test]
    public async Task Nobody_needs_one_unless_it_is_required()
    {
        await using var server = await TestServer.StartAsync(_key);
        using var bob = await server.ConnectAsync("bob");
        await bob.JoinAsync("demo");
    }

    [TestCase(Profile.V1)]
    [TestCase(Profile.Legacy)]
    public async Task A_good_one_opens_a_server_that_requires_it_and_gives_its_bearer_the_name_in_it(Profile profile)
    {
        await using var server = await TestServer.StartAsync(_required);
        using var admin = server.Open(new ConnectionRequest(profile, Chat: "off", Credential: Token("""{"sub":"1","name":"Admin"}""")));

        await admin.GreetedAsync(withChat: false);

        Assert.That(admin.Name, Is.EqualTo("Admin"), "although it is reserved");
        Assert.That(server.Get<SessionStore>().All.Single().Identity.Subject, Is.EqualTo("1"));
    }

    [TestCase("""{"sub":"1","exp":1}""")]
    [TestCase("""{"name":"alice"}""")]
    [TestCase("""{"sub":"x\u202Ey"}""")]
    [TestCase("garbage")]
    public async Task One_that_is_not_good_is_refused_also_where_none_is_required(string claims)
    {
        await using var server = await TestServer.StartAsync(_key);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: claims[0] == '{' ? Token(claims) : claims));

        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        await alice.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
    }

    [Test]
    public async Task A_legacy_client_without_one_is_told_in_words()
    {
        await using var server = await TestServer.StartAsync(_required);
        using var alice = server.Open(new ConnectionRequest(Profile.Legacy, "alice"));

        await alice.ExpectSystemAsync("Authentication required.");
        await alice.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
    }

    [Test]
    public async Task A_v1_client_may_bring_it_in_its_first_message()
    {
        await using var server = await TestServer.StartAsync(_required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.SendRawAsync("""{"type":"webrtc-join","id":1,"room":"demo"}""");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated, 1);
        await alice.SendRawAsync("""{"type":"ping","id":2}""");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated, 2);
        await alice.SendRawAsync("{]");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);

        await alice.SendRawAsync(Authenticate(Token("""{"sub":"1"}"""), id: 3));

        await alice.ExpectAckAsync(3);
        await alice.GreetedAsync(withChat: false);
        await alice.JoinAsync("demo");
    }

    [Test]
    public async Task It_has_five_seconds_for_that()
    {
        await using var server = await TestServer.StartAsync(_required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.SendRawAsync("{}");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);

        server.Clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        await alice.SendRawAsync("{}");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        server.Clock.Advance(TimeSpan.FromTicks(1));

        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        await alice.ExpectCloseAfterNothingAsync(CloseCode.AuthenticationDeadline);
    }

    [Test]
    public async Task And_twenty_messages()
    {
        await using var server = await TestServer.StartAsync(_required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        for (var i = 0; i < 20; i++)
            await alice.SendRawAsync("{}");

        for (var i = 0; i < 20; i++)
            await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        await alice.ExpectCloseAfterNothingAsync(CloseCode.PolicyViolation);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Who_goes_before_that_leaves_nothing_behind(bool withClose)
    {
        await using var server = await TestServer.StartAsync(_required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);

        if (withClose)
            await alice.CloseAsync();
        else
            alice.InMemory.Abort();

        await alice.Served.WaitAsync(TestPeer.Timeout);
        Assert.That(server.Get<SessionStore>().Count, Is.Zero);
        if (withClose)
            await alice.ExpectCloseAfterNothingAsync(CloseCode.Normal);
    }

    [Test]
    public async Task A_wrong_one_in_the_first_message_ends_it()
    {
        await using var server = await TestServer.StartAsync(_required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);

        await alice.SendRawAsync(Authenticate("x.y.z", id: "a"));

        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated, "a");
        await alice.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
    }

    [Test]
    public async Task Another_name_than_that_in_the_token_is_forbidden_and_its_own_in_any_spelling_is_not()
    {
        await using var server = await TestServer.StartAsync(_key);
        var token = Token("""{"sub":"1","name":"Alice"}""");
        using var bob = server.Open(new ConnectionRequest(Profile.V1, "bob", Credential: token));
        await bob.ExpectErrorAsync(ErrorCode.Forbidden);
        await bob.ExpectCloseAfterNothingAsync(CloseCode.BadToken);

        using var alice = server.Open(new ConnectionRequest(Profile.V1, "a1ice", Credential: token));
        await alice.GreetedAsync(withChat: false);
        Assert.That(alice.Name, Is.EqualTo("Alice"));
    }

    [Test]
    public async Task A_reserved_name_takes_a_token_that_names_it()
    {
        await using var server = await TestServer.StartAsync(_key);
        using var system = server.Open(new ConnectionRequest(Profile.V1, "system", Credential: Token("""{"sub":"1"}""")));
        await system.ExpectErrorAsync(ErrorCode.NameTaken);
    }

    [TestCase("""["demo","team-*"]""", "demo", true)]
    [TestCase("""["demo","team-*"]""", "team-7", true)]
    [TestCase("""["demo","team-*"]""", "lobby", false)]
    [TestCase("""["demo","team-*"]""", null, false)]
    [TestCase("[]", "demo", false)]
    [TestCase("""["demo"]""", null, true)]
    public async Task Only_rooms_in_the_token_can_be_entered(string rooms, string? room, bool isAllowed)
    {
        await using var server = await TestServer.StartAsync(_key);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", room, Credential: Token($$"""{"sub":"1","rooms":{{rooms}}}""")));
        if (!isAllowed)
        {
            await alice.ExpectErrorAsync(ErrorCode.Forbidden);
            await alice.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
            return;
        }

        await alice.GreetedAsync(withChat: false);
        await alice.SendAsync(MessageTypes.Join, new { id = 1, room = "lobby" });
        await alice.ExpectErrorAsync(ErrorCode.Forbidden, 1);
        await alice.JoinAsync(room ?? "demo");
    }

    [Test]
    public async Task After_its_end_no_room_can_be_joined_until_a_newer_one_is_shown()
    {
        await using var server = await TestServer.StartAsync(_key);
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: Token($$"""{"sub":"1","exp":{{now + 60}}}""")));
        await alice.GreetedAsync(withChat: false);
        await alice.JoinAsync("demo");
        server.Advance(TimeSpan.FromSeconds(91), alice);
        await alice.ExpectNothingAsync();
        await alice.LeaveAsync();
        await alice.ExpectAsync(MessageTypes.Left);
        await alice.SendAsync(MessageTypes.Join, new { id = 1, room = "demo" });
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated, 1);

        await alice.SendAsync(MessageTypes.Authenticate, new { id = 2, credential = Token("""{"sub":"1"}""") });

        await alice.ExpectAckAsync(2);
        await alice.JoinAsync("demo");
    }

    [TestCase("""{"sub":"2"}""", "subject")]
    [TestCase("""{"sub":"1","name":"bob"}""", "name")]
    [TestCase("""{"sub":"1","rooms":["demo"]}""", "room")]
    public async Task A_later_one_must_be_the_same_persons_name_and_scope(string claims, string reason)
    {
        await using var server = await TestServer.StartAsync(_key);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: Token("""{"sub":"1"}""")));
        await alice.GreetedAsync(withChat: false);

        await alice.SendAsync(MessageTypes.Authenticate, new { id = 1, credential = Token(claims) });

        Assert.That((await alice.ExpectErrorAsync(ErrorCode.Forbidden, 1)).Text("reason"), Is.EqualTo(reason));
        await alice.JoinAsync("lobby");
    }

    [Test]
    public async Task Somebody_without_one_can_show_it_later_and_needs_no_session_token_for_that()
    {
        await using var server = await TestServer.StartAsync(_key);
        using var alice = await server.ConnectAsync("alice", chat: true);
        await alice.SayAsync("/kick nobody");
        await alice.ExpectSystemAsync("You do not have permission to use /kick.");

        await alice.SendRawAsync(Authenticate(Token("""{"sub":"1","moderator":true}"""), id: 1));

        await alice.ExpectAckAsync(1);
        await alice.SayAsync("/kick nobody");
        await alice.ExpectSystemAsync("User \"nobody\" not found.");
    }

    [Test]
    public async Task A_wrong_one_later_changes_nothing()
    {
        await using var server = await TestServer.StartAsync(_key);
        using var alice = await server.ConnectAsync("alice");
        await alice.SendAsync(MessageTypes.Authenticate, new { id = 1, credential = "x.y.z" });
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated, 1);
        await alice.SendAsync(MessageTypes.Authenticate, new { id = 2, credential = 3 });
        await alice.ExpectErrorAsync(ErrorCode.InvalidMessage, 2);
        await alice.JoinAsync("demo");
    }

    [Test]
    public async Task For_a_legacy_client_there_is_no_such_message()
    {
        await using var server = await TestServer.StartAsync(_key);
        using var alice = await server.ConnectLegacyAsync("alice", chat: false);
        await alice.SendAsync(MessageTypes.Authenticate, new { credential = Token("""{"sub":"1"}""") });
        await alice.ExpectSystemAsync("Invalid message structure.");
        Assert.That(server.Get<SessionStore>().All.Single().Identity.Subject, Is.Null);
    }

    [Test]
    public async Task The_same_person_takes_over_its_name_though_its_former_session_lives()
    {
        await using var server = await TestServer.StartAsync(_key);
        var token = Token("""{"sub":"1","name":"alice"}""");
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
        await using var server = await TestServer.StartAsync(_key);
        var token = Token("""{"sub":"1","name":"alice"}""");
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
        await using var server = await TestServer.StartAsync(_key);
        using var first = server.Open(new ConnectionRequest(Profile.V1, Credential: Token("""{"sub":"1","name":"alice"}""")));
        await first.GreetedAsync(withChat: false);

        using var second = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: claims is null ? null : Token(claims)));

        await second.ExpectErrorAsync(ErrorCode.NameTaken);
        await second.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);
        await first.ExpectNothingAsync();
    }

    [Test]
    public async Task Two_who_have_proven_nothing_are_not_the_same_person()
    {
        await using var server = await TestServer.StartAsync(_key);
        using var first = await server.ConnectAsync("alice");
        using var second = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await second.ExpectErrorAsync(ErrorCode.NameTaken);
    }

    [Test]
    public async Task Who_comes_back_to_a_session_needs_no_token_and_stays_who_it_was_even_after_its_end()
    {
        await using var server = await TestServer.StartAsync(_required);
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();
        using var alice = server.Open(new ConnectionRequest(Profile.V1, Credential: Token($$"""{"sub":"1","name":"alice","exp":{{now + 10}}}""")));
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
        await using var server = await TestServer.StartAsync(_required);
        using var alice = server.Return(new string('0', 64), 0, "alice");
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.SendRawAsync(Authenticate(Token("""{"sub":"1"}"""), id: 1));
        await alice.ExpectAckAsync(1);
        await alice.ExpectNewAsync("unknown");
    }

    [Test]
    public async Task One_for_a_single_session_opens_no_second_but_the_next_of_the_same_client()
    {
        await using var server = await TestServer.StartAsync(_key);
        var token = Token("""{"sub":"1","name":"alice","jti":"j1"}""");
        using var alice = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await alice.GreetedAsync(withChat: false);

        using var thief = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await thief.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        await alice.ExpectNothingAsync();

        using var reloaded = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(alice.Token, null), Credential: token));
        await reloaded.ExpectNewAsync("released");
        Assert.That(reloaded.Name, Is.EqualTo("alice"));
    }

    [Test]
    public async Task Ten_wrong_ones_from_an_address_and_not_even_a_good_one_is_taken_from_there()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace, _key);
        for (var i = 0; i < FailureLimits.MostFailures; i++)
        {
            using var guess = server.Open(new ConnectionRequest(Profile.V1, Address: _elsewhere, Credential: "x.y.z"));
            await clock.WhenDelayBeginsAsync();
            server.Clock.Advance(TimeSpan.FromSeconds(25));
            await guess.ExpectErrorAsync(ErrorCode.NotAuthenticated);
            await guess.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
        }

        using var good = server.Open(new ConnectionRequest(Profile.V1, Address: _elsewhere, Credential: Token("""{"sub":"1"}""")));
        await good.ExpectErrorAsync(ErrorCode.RateLimited);
        await good.ExpectCloseAfterNothingAsync(CloseCode.TryAgainLater);

        using var other = server.Open(new ConnectionRequest(Profile.V1, "other", Address: new ClientAddress(System.Net.IPAddress.Parse("198.51.100.8")), Credential: Token("""{"sub":"1"}""")));
        await other.GreetedAsync(withChat: false);
        server.Advance(FailureLimits.Window, other);
        using var later = server.Open(new ConnectionRequest(Profile.V1, "later", Address: _elsewhere, Credential: Token("""{"sub":"2"}""")));
        await later.GreetedAsync(withChat: false);
    }

    [Test]
    public async Task A_name_that_a_token_fixes_cannot_be_changed_in_the_chat()
    {
        await using var server = await TestServer.StartAsync(_required);
        using var bob = server.Open(new ConnectionRequest(Profile.V1, Chat: "on", Credential: Token("""{"sub":"2","name":"bob"}""")));
        await bob.GreetedAsync(withChat: true);

        await bob.SayAsync("/nick alice");
        await bob.ExpectSystemAsync("Your name is fixed by your token.");
        await bob.SayAsync("/nick B0B");
        await bob.ExpectSystemAsync("bob is now B0B");
    }

    [Test]
    public async Task A_reserved_name_is_not_kept_by_who_has_no_token_for_it()
    {
        await using var server = await TestServer.StartAsync(_key);
        using var admin = server.Open(new ConnectionRequest(Profile.V1, Credential: Token("""{"sub":"1","name":"Admin"}""")));
        await admin.GreetedAsync(withChat: false);

        await admin.SendAsync(MessageTypes.Authenticate, new { id = 1, credential = Token("""{"sub":"1"}""") });
        Assert.That((await admin.ExpectErrorAsync(ErrorCode.Forbidden, 1)).Text("reason"), Is.EqualTo("name"));
        using var other = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(admin.Token, null), Credential: Token("""{"sub":"2"}""")));
        await other.ExpectNewAsync("released");
        Assert.That(other.Name, Does.StartWith("Anonymous"));
    }

    [TestCase("""{"sub":"1","exp":1}""")]
    [TestCase("""{"sub":"1","aud":"another"}""")]
    public async Task What_was_signed_is_no_guess_and_shuts_nobody_out(string claims)
    {
        await using var server = await TestServer.StartAsync(_key);
        for (var i = 0; i < 2 * FailureLimits.MostFailures; i++)
        {
            using var old = server.Open(new ConnectionRequest(Profile.V1, Address: _elsewhere, Credential: Token(claims)));
            await old.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        }

        using var good = server.Open(new ConnectionRequest(Profile.V1, Address: _elsewhere, Credential: Token("""{"sub":"1"}""")));
        await good.GreetedAsync(withChat: false);
    }

    [Test]
    public async Task Whoever_proves_a_session_gets_in_from_an_address_that_is_blocked()
    {
        await using var server = await TestServer.StartAsync(_key);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, Address: _elsewhere, Credential: Token("""{"sub":"1","name":"alice"}""")));
        await alice.GreetedAsync(withChat: false);
        for (var i = 0; i < FailureLimits.MostFailures; i++)
            server.Get<FailureLimits>().Add(_elsewhere);

        using var reloaded = server.Open(
            new ConnectionRequest(Profile.V1, Former: new FormerSession(alice.Token, null), Address: _elsewhere, Credential: Token("""{"sub":"1","name":"alice"}""")));

        await reloaded.ExpectNewAsync("released");
        Assert.That(server.Get<SessionStore>().All.Single().Identity.Subject, Is.EqualTo("1"));
    }

    /// <summary>Its refusal is kept back for a while, and a kick must not have to wait for that.</summary>
    [Test]
    public async Task A_wrong_one_beside_the_token_of_a_session_does_not_hold_that_session()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace, _key);
        using var mallory = await server.ConnectAsync("mallory");
        using var guess = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(mallory.Token, null), Address: _elsewhere, Credential: "x.y.z"));
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
        await using var server = await TestServer.StartAsync(_key);
        using var alice = await server.ConnectAsync("alice");
        await server.BanAsync(Bans.Of("1"));

        using var banned = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(alice.Token, null), Credential: Token("""{"sub":"1"}""")));

        await banned.ExpectErrorAsync(ErrorCode.Banned);
        await banned.ExpectCloseAfterNothingAsync(CloseCode.Banned);
    }

    [Test]
    public async Task A_moderators_rights_end_with_the_token()
    {
        await using var server = await TestServer.StartAsync(_key);
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Chat: "on", Credential: Token($$"""{"sub":"1","moderator":true,"exp":{{now + 60}}}""")));
        await alice.GreetedAsync(withChat: true);
        await alice.SayAsync("/unban nobody");
        await alice.ExpectSystemAsync("nobody is not banned.");

        server.Advance(TimeSpan.FromSeconds(90), alice);

        await alice.SayAsync("/unban nobody");
        await alice.ExpectSystemAsync("You do not have permission to use /unban.");
    }

    [Test]
    public async Task Where_no_keys_are_set_a_credential_means_nothing()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: "of some gateway"));
        await alice.GreetedAsync(withChat: false);
    }

    [Test]
    public async Task Who_waits_to_show_one_is_sent_away_when_the_server_stops()
    {
        await using var server = await TestServer.StartAsync(_required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);

        await server.StopAsync();

        await alice.ExpectCloseAfterNothingAsync(CloseCode.ServiceRestart);
    }

    private static string Token(string claims) => Tokens.Hs(claims.Contains("\"exp\"", StringComparison.Ordinal) ? claims : $$"""{"exp":{{Exp}},{{claims[1..]}}""");

    private static string Authenticate(string credential, object id) => JsonSerializer.Serialize(new { type = MessageTypes.Authenticate, id, credential });
}
