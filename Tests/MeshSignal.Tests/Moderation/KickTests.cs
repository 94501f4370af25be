using MeshSignal.Protocol;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Moderation;

/// <summary>How somebody is shown out: what that one is told, what the others see, and what is left.</summary>
internal sealed class KickTests
{
    [Test]
    public async Task A_v1_peer_is_told_and_closed_and_the_room_hears_why()
    {
        await using var pair = await Pair.InCallAsync();

        await KickAsync(pair.Server, pair.Bob);

        var error = await pair.Bob.ExpectErrorAsync(ErrorCode.Forbidden);
        Assert.That((error.Text("error"), error.GetProperty("retryable").GetBoolean()), Is.EqualTo(("You have been kicked by an admin.", false)));
        await pair.Bob.ExpectCloseAfterNothingAsync(CloseCode.Kicked);
        await pair.Alice.ExpectLeftAsync(pair.Bob, "kicked");
        await pair.Alice.ExpectNothingAsync();
        Assert.That(pair.Server.Get<RoomStore>().PeerCount, Is.EqualTo(1));
    }

    [Test]
    public async Task A_legacy_peer_and_its_scope_read_it_in_the_chat()
    {
        await using var lobby = await Lobby.OpenAsync();

        await KickAsync(lobby.Server, lobby.Bob);

        await lobby.Bob.ExpectSystemAsync("You have been kicked by an admin.");
        await lobby.Bob.ExpectSystemAsync("Bob was kicked by Mod.");
        await lobby.Bob.ExpectCloseAfterNothingAsync(CloseCode.Kicked);
        await lobby.Alice.ExpectSystemAsync("Bob was kicked by Mod.");
        await lobby.Alice.ExpectSystemAsync("Bob has left.");
        await lobby.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Its_token_is_over_and_its_name_is_free()
    {
        await using var pair = await Pair.InCallAsync();
        await KickAsync(pair.Server, pair.Bob);
        await pair.Bob.ExpectCloseAsync(CloseCode.Kicked);

        using var bob = pair.Server.Return(pair.Bob, 0, "bob");
        await bob.ExpectNewAsync("unknown");

        Assert.That(bob.Name, Is.EqualTo("bob"), "it was kicked, not banned");
    }

    [Test]
    public async Task One_that_is_waited_for_is_out_as_well()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();

        await KickAsync(pair.Server, pair.Bob);

        await pair.Alice.ExpectLeftAsync(pair.Bob, "kicked");
        using var bob = pair.Server.Return(pair.Bob, pair.Bob.Counted, "bob");
        await bob.ExpectNewAsync("unknown");
    }

    [Test]
    public async Task One_that_has_gone_meanwhile_is_not_announced()
    {
        await using var lobby = await Lobby.OpenAsync();
        var session = lobby.Server.SessionOf(lobby.Bob);
        Task<bool> kicking;
        using (await session.TakeTurnAsync())
        {
            kicking = lobby.Server.Get<Moderator>().KickAsync(session, Bans.Mod);
            lobby.Server.Get<SessionStore>().End(session, LeaveReason.Left);
        }

        Assert.That(await kicking.WaitAsync(TestPeer.Timeout), Is.False);
        await lobby.Alice.ExpectSystemAsync("Bob has left.");
        await lobby.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Two_moderators_who_kick_each_other_at_once_are_both_out_and_nobody_waits_for_ever()
    {
        await using var lobby = await Lobby.OpenAsync();
        var (alice, bob) = (lobby.Server.SessionOf(lobby.Alice), lobby.Server.SessionOf(lobby.Bob));
        lobby.Server.Identify(lobby.Alice, isModerator: true);
        lobby.Server.Identify(lobby.Bob, isModerator: true);
        var commands = lobby.Server.Get<ChatCommands>();

        // Each command with the turn of its own session, as the connections have it.
        using (await alice.TakeTurnAsync())
        using (await bob.TakeTurnAsync())
        {
            Assert.That(await commands.RunAsync(alice, alice.Scope!, "/kick Bob").AsTask().WaitAsync(TestPeer.Timeout), Is.Null);
            Assert.That(await commands.RunAsync(bob, bob.Scope!, "/ban Alice").AsTask().WaitAsync(TestPeer.Timeout), Is.EqualTo("User \"Alice\" is now banned."));
            Assert.That(lobby.Server.Get<SessionStore>().Count, Is.EqualTo(2), "both have their turns still");
        }

        await lobby.Bob.ExpectCloseAsync(CloseCode.Kicked);
        await lobby.Alice.ExpectCloseAsync(CloseCode.Banned);
        await Task.WhenAll(alice.WhenEndedAsync(), bob.WhenEndedAsync()).WaitAsync(TestPeer.Timeout);
        Assert.That(lobby.Server.Get<SessionStore>().Count, Is.Zero);
    }

    [Test]
    public async Task A_moderator_can_show_itself_out()
    {
        await using var server = await TestServer.StartAsync();
        using var mod = await server.ConnectAsync("Maud", chat: true);
        server.Identify(mod, isModerator: true);

        await mod.SendAsync(MessageTypes.Chat, new { content = "/kick maud", id = 1 });

        await mod.ExpectAckAsync(1);
        await mod.ExpectErrorAsync(ErrorCode.Forbidden);
        await mod.ExpectSystemAsync("Maud was kicked by Maud.");
        await mod.ExpectCloseAfterNothingAsync(CloseCode.Kicked);
    }

    [Test]
    public async Task Moderators_who_kick_each_other_over_the_wire_always_leave_the_server_working()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Chat:MessagesPerSecond", "1000"));
        for (var round = 0; round < 50; round++)
        {
            using var alice = await server.ConnectLegacyAsync("Alice");
            using var bob = await server.ConnectLegacyAsync("Bob");
            server.Identify(alice, isModerator: true);
            server.Identify(bob, isModerator: true);
            var sessions = server.Get<SessionStore>().All.ToList();

            await Task.WhenAll(Task.Run(() => alice.SayAsync("/kick Bob")), Task.Run(() => bob.SayAsync("/kick Alice")));

            // Whoever was out before its own command came has said nothing.
            await Task.WhenAny(sessions.Select(session => session.WhenEndedAsync())).WaitAsync(TestPeer.Timeout);
            alice.Dispose();
            bob.Dispose();
            await Task.WhenAll(sessions.Select(session => session.WhenEndedAsync())).WaitAsync(TestPeer.Timeout);
        }

        Assert.That(server.Get<SessionStore>().Count, Is.Zero);
    }

    [Test]
    public async Task A_fault_while_the_others_are_told_does_not_keep_anybody_in()
    {
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster));
        using var alice = await server.ConnectLegacyAsync("Alice");
        using var bob = await server.ConnectLegacyAsync("Bob");
        cluster.ThrowsFor = session => session.Username.Value == "Alice";
        server.ExpectedErrors = 1;
        var session = server.SessionOf(bob);

        await KickAsync(server, bob);

        await bob.ExpectCloseAsync(CloseCode.Kicked);
        Assert.That(session.WhenEndedAsync().IsCompleted, Is.True);
        Assert.That(server.Log.Errors, Has.Exactly(1).Items.And.All.Contains(session.Id.Value));
        cluster.ThrowsFor = static _ => false;
    }

    [Test]
    public async Task The_log_says_who_was_kicked_by_whom()
    {
        await using var lobby = await Lobby.OpenAsync();
        lobby.Server.Identify(lobby.Alice, "alice@example.org", isModerator: true);
        var (alice, bob) = (lobby.Server.SessionOf(lobby.Alice).Id, lobby.Server.SessionOf(lobby.Bob).Id);

        await lobby.Alice.SayAsync("/kick bob");
        await lobby.Bob.ExpectCloseAsync(CloseCode.Kicked);
        await lobby.Alice.SettleAsync();

        Assert.That(lobby.Server.Log.Lines, Has.Exactly(1).StartsWith($"Bob (session {bob}) was kicked by Alice (session {alice})"));
        Assert.That(lobby.Server.Log.Lines, Has.None.Contains("alice@example.org"));
    }

    private static async Task KickAsync(TestServer server, TestPeer peer) =>
        Assert.That(await server.Get<Moderator>().KickAsync(server.SessionOf(peer), Bans.Mod).WaitAsync(TestPeer.Timeout), Is.True);
}
