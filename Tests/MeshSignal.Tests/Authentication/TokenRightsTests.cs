using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Authentication;

/// <summary>What a join token allows, from the first moment of a session and when another one is shown later: names, rooms, and for how long.</summary>
internal sealed class TokenRightsTests
{
    [Test]
    public async Task Another_name_than_that_in_the_token_is_forbidden_and_its_own_in_any_spelling_is_not()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var token = Logins.Token("""{"sub":"1","name":"Alice"}""");
        using var bob = server.Open(new ConnectionRequest(Profile.V1, "bob", Credential: token));
        await bob.ExpectErrorAsync(ErrorCode.Forbidden);
        await bob.ExpectCloseAfterNothingAsync(CloseCode.BadToken);

        using var alice = server.Open(new ConnectionRequest(Profile.V1, "a1ice", Credential: token));
        await alice.GreetedAsync(withChat: false);
        Assert.That(alice.Name, Is.EqualTo("Alice"));
    }

    [TestCase("system")]
    [TestCase("__proto__")]
    [TestCase("constructor")]
    public async Task A_reserved_name_takes_a_token_that_names_it(string name)
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        foreach (var credential in new[] { null, Logins.Token("""{"sub":"1"}""") })
        {
            using var peer = server.Open(new ConnectionRequest(Profile.V1, name, Credential: credential));
            await peer.ExpectErrorAsync(ErrorCode.NameTaken);
        }

        using var granted = server.Open(new ConnectionRequest(Profile.V1, null, Credential: Logins.Token($$"""{"sub":"1","name":"{{name}}"}""")));
        Assert.That((await granted.GreetedAsync(withChat: false)).Name, Is.EqualTo(name));
    }

    /// <summary>They would keep their own session waiting, and everybody who takes it over; the count alone ends them.</summary>
    [Test]
    public async Task Ten_wrong_ones_within_a_session_block_its_address_as_well()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var mallory = server.Open(new ConnectionRequest(Profile.V1, "mallory", Address: Logins.Elsewhere));
        await mallory.GreetedAsync(withChat: false);
        for (var i = 0; i < 10; i++)
        {
            await mallory.SendAsync(MessageTypes.Authenticate, new { credential = Tokens.Hs("""{"sub":"1"}""", secret: Encoding.UTF8.GetBytes($"a guess, and no more than that: {i}")), id = i });
            await mallory.ExpectErrorAsync(ErrorCode.NotAuthenticated, i);
        }

        await mallory.SendAsync(MessageTypes.Authenticate, new { credential = Logins.Token("""{"sub":"1"}"""), id = 10 });
        await mallory.ExpectErrorAsync(ErrorCode.RateLimited, 10);
    }

    [TestCase("""["demo","team-*"]""", "demo", true)]
    [TestCase("""["demo","team-*"]""", "team-7", true)]
    [TestCase("""["demo","team-*"]""", "lobby", false)]
    [TestCase("""["demo","team-*"]""", null, false)]
    [TestCase("[]", "demo", false)]
    [TestCase("""["demo"]""", null, true)]
    public async Task Only_rooms_in_the_token_can_be_entered(string rooms, string? room, bool isAllowed)
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", room, Credential: Logins.Token($$"""{"sub":"1","rooms":{{rooms}}}""")));
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
    public async Task A_room_that_is_forbidden_is_answered_alike_whether_somebody_is_there_or_not()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var bob = await server.ConnectAsync("bob");
        await bob.JoinAsync("secret");
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", "demo", Credential: Logins.Token("""{"sub":"1","rooms":["demo"]}""")));
        await alice.GreetedAsync(withChat: false);

        var answers = new List<string>();
        foreach (var room in new[] { "secret", "empty" })
        {
            await alice.SendAsync(MessageTypes.Join, new { id = 1, room });
            answers.Add((await alice.ExpectErrorAsync(ErrorCode.Forbidden, 1)).GetRawText());
        }

        Assert.That(answers[0], Is.EqualTo(answers[1]));
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task After_its_end_no_room_can_be_joined_until_a_newer_one_is_shown()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: Logins.Token($$"""{"sub":"1","exp":{{now + 60}}}""")));
        await alice.GreetedAsync(withChat: false);
        await alice.JoinAsync("demo");
        server.Advance(TimeSpan.FromSeconds(91), alice);
        await alice.ExpectNothingAsync();
        await alice.LeaveAsync();
        await alice.ExpectAsync(MessageTypes.Left);
        await alice.SendAsync(MessageTypes.Join, new { id = 1, room = "demo" });
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated, 1);

        await alice.SendAsync(MessageTypes.Authenticate, new { id = 2, credential = Logins.Token("""{"sub":"1"}""") });

        await alice.ExpectAckAsync(2);
        await alice.JoinAsync("demo");
    }

    [TestCase("""{"sub":"2"}""", "subject")]
    [TestCase("""{"sub":"1","name":"bob"}""", "name")]
    [TestCase("""{"sub":"1","rooms":["demo"]}""", "room")]
    public async Task A_later_one_must_be_the_same_persons_name_and_scope(string claims, string reason)
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: Logins.Token("""{"sub":"1"}""")));
        await alice.GreetedAsync(withChat: false);

        await alice.SendAsync(MessageTypes.Authenticate, new { id = 1, credential = Logins.Token(claims) });

        Assert.That((await alice.ExpectErrorAsync(ErrorCode.Forbidden, 1)).Text("reason"), Is.EqualTo(reason));
        await alice.JoinAsync("lobby");
    }

    [Test]
    public async Task Somebody_without_one_can_show_it_later_and_needs_no_session_token_for_that()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var alice = await server.ConnectAsync("alice", chat: true);
        await alice.SayAsync("/kick nobody");
        await alice.ExpectSystemAsync("You do not have permission to use /kick.");

        await alice.SendRawAsync(Logins.Authenticate(Logins.Token("""{"sub":"1","moderator":true}"""), id: 1));

        await alice.ExpectAckAsync(1);
        await alice.SayAsync("/kick nobody");
        await alice.ExpectSystemAsync("User \"nobody\" not found.");
    }

    [Test]
    public async Task A_wrong_one_later_changes_nothing()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
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
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var alice = await server.ConnectLegacyAsync("alice", chat: false);
        await alice.SendAsync(MessageTypes.Authenticate, new { credential = Logins.Token("""{"sub":"1"}""") });
        await alice.ExpectSystemAsync("Invalid message structure.");
        Assert.That(server.Get<SessionStore>().All.Single().Identity.Subject, Is.Null);
    }

    [Test]
    public async Task A_name_that_a_token_fixes_cannot_be_changed_in_the_chat()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var bob = server.Open(new ConnectionRequest(Profile.V1, Chat: "on", Credential: Logins.Token("""{"sub":"2","name":"bob"}""")));
        await bob.GreetedAsync(withChat: true);

        await bob.SayAsync("/nick alice");
        await bob.ExpectSystemAsync("Your name is fixed by your token.");
        await bob.SayAsync("/nick B0B");
        await bob.ExpectSystemAsync("bob is now B0B");
    }

    [Test]
    public async Task A_reserved_name_is_not_kept_by_who_has_no_token_for_it()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var admin = server.Open(new ConnectionRequest(Profile.V1, Credential: Logins.Token("""{"sub":"1","name":"Admin"}""")));
        await admin.GreetedAsync(withChat: false);

        await admin.SendAsync(MessageTypes.Authenticate, new { id = 1, credential = Logins.Token("""{"sub":"1"}""") });
        Assert.That((await admin.ExpectErrorAsync(ErrorCode.Forbidden, 1)).Text("reason"), Is.EqualTo("name"));
        using var other = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(admin.Token, null), Credential: Logins.Token("""{"sub":"2"}""")));
        await other.ExpectNewAsync("released");
        Assert.That(other.Name, Does.StartWith("Anonymous"));
    }

    [Test]
    public async Task A_moderators_rights_end_with_the_token()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Chat: "on", Credential: Logins.Token($$"""{"sub":"1","moderator":true,"exp":{{now + 60}}}""")));
        await alice.GreetedAsync(withChat: true);
        await alice.SayAsync("/unban nobody");
        await alice.ExpectSystemAsync("nobody is not banned.");

        server.Advance(TimeSpan.FromSeconds(90), alice);

        await alice.SayAsync("/unban nobody");
        await alice.ExpectSystemAsync("You do not have permission to use /unban.");
    }
}
