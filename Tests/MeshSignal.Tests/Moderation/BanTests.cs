using MeshSignal.Protocol;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Moderation;

/// <summary>Who is banned is shown out, wherever it is, and does not come in again.</summary>
internal sealed class BanTests
{
    [Test]
    public async Task A_banned_peer_is_told_and_closed_for_good()
    {
        await using var pair = await Pair.InCallAsync();

        await pair.Server.BanAsync(Bans.Of(name: "bob"));

        var error = await pair.Bob.ExpectErrorAsync(ErrorCode.Banned);
        Assert.That((error.Text("error"), error.GetProperty("retryable").GetBoolean()), Is.EqualTo(("You have been banned by an admin.", false)));
        await pair.Bob.ExpectCloseAfterNothingAsync(CloseCode.Banned);
        await pair.Alice.ExpectLeftAsync(pair.Bob, "kicked");
        await pair.Alice.ExpectNothingAsync();
    }

    [TestCase("bob")]
    [TestCase("BOB")]
    [TestCase("B0b")]
    public async Task A_banned_name_and_its_look_alikes_are_refused_in_both_profiles(string name)
    {
        await using var server = await TestServer.StartAsync();
        await server.BanAsync(Bans.Of(name: "Bob"));
        using var legacy = server.Open(new ConnectionRequest(Profile.Legacy, name));
        using var v1 = server.Open(new ConnectionRequest(Profile.V1, name, "elsewhere"));

        await legacy.ExpectSystemAsync("You are banned.");
        await legacy.ExpectCloseAfterNothingAsync(CloseCode.Banned);
        var error = await v1.ExpectErrorAsync(ErrorCode.Banned);
        Assert.That(error.Text("error"), Is.EqualTo("You are banned."));
        await v1.ExpectCloseAfterNothingAsync(CloseCode.Banned);
        Assert.That(server.Get<SessionStore>().Count, Is.Zero);
        using var other = await server.ConnectAsync("Bobby");
    }

    [TestCase("192.0.2.7", "192.0.2.7", true)]
    [TestCase("192.0.2.7", "192.0.2.8", false)]
    [TestCase("2001:db8::7", "2001:db8::ffff", true)]
    [TestCase("2001:db8::7", "2001:db8:0:1::7", false)]
    public async Task A_banned_address_is_refused_under_any_name_and_without_one(string banned, string address, bool isRefused)
    {
        await using var server = await TestServer.StartAsync();
        await server.BanAsync(Bans.Of(address: banned));

        foreach (var name in new[] { "alice", null })
        {
            using var peer = server.Open(new ConnectionRequest(Profile.V1, name, Address: Bans.Address(address)));
            if (isRefused)
                await peer.ExpectErrorAsync(ErrorCode.Banned);
            else
                await peer.GreetedAsync(withChat: false);
        }
    }

    [Test]
    public async Task A_ban_shows_out_all_whom_it_concerns_and_nobody_else()
    {
        await using var server = await TestServer.StartAsync();
        using var bySubject = await server.ConnectAsync("one1");
        using var again = await server.ConnectAsync("two2", "annex");
        using var byName = await server.ConnectAsync("three", "annex");
        using var byAddress = await server.Open(new ConnectionRequest(Profile.V1, "four", Address: Bans.Address("2001:db8::1"))).GreetedAsync(withChat: false);
        using var other = await server.Open(new ConnectionRequest(Profile.V1, "five", Address: Bans.Address("2001:db8:1::1"))).GreetedAsync(withChat: false);
        server.Identify(bySubject, "user-1");
        server.Identify(again, "user-1");
        server.Identify(other, "user-2");

        await server.BanAsync(Bans.Of("user-1", "thr-ee", "2001:db8::2"));
        await server.BanAsync(Bans.Of("user-1", "THREE", "2001:db8::2"));

        foreach (var peer in new[] { bySubject, again, byName, byAddress })
            await peer.ExpectCloseAsync(CloseCode.Banned);
        await other.ExpectNothingAsync();
        Assert.That(server.Get<SessionStore>().Count, Is.EqualTo(1));
    }

    [Test]
    public async Task One_that_is_waited_for_cannot_come_back()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();

        await pair.Server.BanAsync(Bans.Of(name: "bob"));

        await pair.Alice.ExpectLeftAsync(pair.Bob, "kicked");
        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted, "bob");
        await bob.ExpectErrorAsync(ErrorCode.Banned);
        await bob.ExpectCloseAfterNothingAsync(CloseCode.Banned);
    }

    [Test]
    public async Task A_session_cannot_be_resumed_or_given_up_from_a_banned_address()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Server.BanAsync(Bans.Of(address: "192.0.2.7"));
        await pair.LoseBobAsync();

        foreach (var count in new long?[] { pair.Bob.Counted, null })
        {
            using var bob = pair.Server.Open(new ConnectionRequest(Profile.V1, "bob", Former: new FormerSession(pair.Bob.Token, count), Address: Bans.Address("192.0.2.7")));
            await bob.ExpectErrorAsync(ErrorCode.Banned);
            await bob.ExpectCloseAfterNothingAsync(CloseCode.Banned);
        }

        using var fromElsewhere = await pair.Server.ResumeAsync(pair.Bob);
    }

    [Test]
    public async Task Who_has_come_back_from_another_address_is_known_by_that_one()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        using var bob = pair.Server.Open(
            new ConnectionRequest(Profile.V1, Former: new FormerSession(pair.Bob.Token, pair.Bob.Counted), Address: Bans.Address("192.0.2.7")));
        await bob.ExpectResumedAsync();
        await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");

        await pair.Server.BanAsync(Bans.Of(address: "192.0.2.7"));

        await bob.ExpectCloseAsync(CloseCode.Banned);
    }

    /// <summary>Its maker may look through the sessions before one that was let in just before is there.</summary>
    [Test]
    public async Task Who_comes_in_while_it_is_banned_is_shown_out_at_once()
    {
        await using var pair = await Pair.InCallAsync();
        pair.Server.Identify(pair.Bob, "user-1");
        await pair.LoseBobAsync();
        Assert.That(pair.Server.Get<BanList>().TryAdd(Bans.Of("user-1")), Is.True);

        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted);

        await bob.ExpectCloseAsync(CloseCode.Banned);
        await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");
        await pair.Alice.ExpectLeftAsync(pair.Bob, "kicked");
    }

    [Test]
    public async Task When_it_has_expired_they_may_come_in_again()
    {
        await using var server = await TestServer.StartAsync();
        await server.BanAsync(Bans.Of(name: "Bob", address: "192.0.2.7", lasts: TimeSpan.FromMinutes(10), time: server.Clock));
        server.Clock.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        using var early = server.Open(new ConnectionRequest(Profile.V1, "Bob"));
        await early.ExpectErrorAsync(ErrorCode.Banned);

        server.Clock.Advance(TimeSpan.FromSeconds(1));

        using var bob = await server.Open(new ConnectionRequest(Profile.V1, "Bob", Address: Bans.Address("192.0.2.7"))).GreetedAsync(withChat: false);
    }

    [Test]
    public async Task Nobody_takes_a_banned_name_by_nick()
    {
        await using var lobby = await Lobby.OpenAsync();
        await lobby.Server.BanAsync(Bans.Of(name: "Carol"));

        await lobby.Alice.SayAsync("/nick Caro1");

        await lobby.Alice.ExpectSystemAsync("Username \"Caro1\" is already taken.");
        using var carol = lobby.Server.Open(new ConnectionRequest(Profile.V1, "carol"));
        await carol.ExpectErrorAsync(ErrorCode.Banned);
    }

    /// <summary>A name is free to ban as long as nobody has it: the renaming must not slip through between.</summary>
    [Test]
    public async Task Who_takes_a_name_while_it_is_banned_is_shown_out_at_once()
    {
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster));
        using var alice = await server.ConnectLegacyAsync("Alice");
        cluster.IsTakenElsewhere = name =>
        {
            // Asked behind the look at the bans.
            server.Get<BanList>().TryAdd(Bans.Of(name: "Carol"));
            return false;
        };

        await alice.SayAsync("/nick Carol");

        await alice.ExpectSystemAsync("Alice is now Carol");
        await alice.ExpectSystemAsync("You have been banned by an admin.");
        await alice.ExpectCloseAsync(CloseCode.Banned);
    }

    [Test]
    public async Task A_newcomer_who_was_banned_while_it_waited_for_its_name_is_shown_out()
    {
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster));
        cluster.IsTakenElsewhere = name =>
        {
            server.Get<BanList>().TryAdd(Bans.Of(name: "Carol"));
            return false;
        };
        using var carol = server.Open(new ConnectionRequest(Profile.V1, "Carol"));

        await carol.ExpectAsync(MessageTypes.SessionToken);
        await carol.ExpectCloseAsync(CloseCode.Banned);
        await carol.Served.WaitAsync(TestPeer.Timeout);
        Assert.That(server.Get<SessionStore>().Count, Is.Zero);
    }

    [Test]
    public async Task The_log_says_who_was_banned_by_whom_and_no_subject_and_no_address()
    {
        await using var pair = await Pair.InCallAsync();
        var session = pair.Server.SessionOf(pair.Bob);
        pair.Server.Identify(pair.Bob, "bob@example.org");
        var ban = Bans.Of("bob@example.org", address: "192.0.2.7") with { KnownAs = Valid.Name("bob") };

        await pair.Server.BanAsync(ban);
        await pair.Server.Get<Moderator>().UnbanAsync(_ => true, Bans.Mod);

        Assert.That(pair.Server.Log.Lines, Has.Exactly(1).StartsWith($"Ban {ban.Id} was made by Mod; name: bob"));
        Assert.That(pair.Server.Log.Lines, Has.Exactly(1).StartsWith($"bob (session {session.Id}) was banned by Mod"));
        Assert.That(pair.Server.Log.Lines, Has.Exactly(1).StartsWith($"Ban {ban.Id} was taken back by Mod; name: bob"));
        Assert.That(pair.Server.Log.Lines, Has.None.Contains("example.org").And.None.Contains("192.0.2.7"));
    }
}
