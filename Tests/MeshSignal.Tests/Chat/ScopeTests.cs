using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Chat;

/// <summary>A scope is the connection's <c>room</c> query, else the lobby. Names and chat stay within it; calls do not have to.</summary>
internal sealed class ScopeTests
{
    [Test]
    public async Task Two_scopes_may_have_the_same_name_and_hear_nothing_of_one_another()
    {
        await using var server = await TestServer.StartAsync();
        using var redAlice = await server.ConnectLegacyAsync("Alice", "red");
        using var blueAlice = await server.ConnectLegacyAsync("Alice", "blue");
        using var lobbyAlice = await server.ConnectLegacyAsync("Alice");

        await redAlice.SayAsync("hello");
        await redAlice.SendAsync(MessageTypes.Typing);
        await redAlice.SendAsync(MessageTypes.Join);
        await redAlice.SettleAsync();

        await blueAlice.ExpectNothingAsync();
        await lobbyAlice.ExpectNothingAsync();
        await blueAlice.SayAsync("/list");
        await blueAlice.ExpectSystemAsync("Online users: Alice");
    }

    [Test]
    public async Task Nobody_can_block_across_scopes()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice", "red");
        using var bob = await server.ConnectLegacyAsync("Bob", "blue");

        await alice.SayAsync("/block Bob");

        await alice.ExpectSystemAsync("User \"bob\" not found.");
    }

    [Test]
    public async Task A_join_without_a_room_joins_the_room_of_the_scopes_name()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice", "red");
        using var bob = await server.ConnectAsync("bob");

        await alice.SendAsync(MessageTypes.Join);
        await bob.SendAsync(MessageTypes.Join);

        Assert.That((await alice.ExpectAsync(MessageTypes.Joined)).Text("room"), Is.EqualTo("red"));
        Assert.That((await bob.ExpectAsync(MessageTypes.Joined)).Text("room"), Is.EqualTo("lobby"));
    }

    [Test]
    public async Task An_empty_room_query_is_the_lobby()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");
        using var bob = await server.ConnectLegacyAsync("Bob", "");

        await alice.ExpectSystemAsync("Bob has joined.");
    }

    [Test]
    [TestCase("alice")]
    [TestCase("ALICE")]
    [TestCase("A1ice")]
    public async Task A_name_that_is_in_the_room_is_taken_there_for_those_of_another_scope(string name)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice", "red");
        using var other = await server.ConnectAsync(name, "blue");
        await alice.JoinAsync("hall");

        await other.SendAsync(MessageTypes.Join, new { room = "hall", id = 3 });

        await other.ExpectErrorAsync(ErrorCode.NameTaken, 3);
        await alice.ExpectNothingAsync();
        await alice.LeaveAsync();
        await alice.ExpectAsync(MessageTypes.Left);
        await other.JoinAsync("hall");
    }

    [Test]
    public async Task Peers_of_two_scopes_meet_in_a_room_and_their_notices_stay_at_home()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice", "red");
        using var bob = await server.ConnectLegacyAsync("Bob", "blue");

        await alice.SendAsync(MessageTypes.Join, new { room = "hall" });
        await alice.ExpectAsync(MessageTypes.Joined);
        await alice.ExpectSystemAsync("Alice joined voice chat");
        await bob.SendAsync(MessageTypes.Join, new { room = "hall" });
        await bob.ExpectAsync(MessageTypes.Joined);
        await bob.ExpectSystemAsync("Bob joined voice chat");

        await alice.ExpectAsync(MessageTypes.PeerJoined);
        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_scope_is_forgotten_with_its_history_when_the_last_one_leaves()
    {
        await using var server = await TestServer.StartAsync();
        await SpeakAndGoAsync(server, "red");

        Assert.That(await HistoryAsync(server, "red"), Is.Empty);
    }

    [Test]
    public async Task The_lobby_is_kept()
    {
        await using var server = await TestServer.StartAsync();
        await SpeakAndGoAsync(server, "lobby");

        Assert.That(await HistoryAsync(server, null), Is.EqualTo(["Alice has joined.", "hello", "Alice has left."]));
    }

    [Test]
    public async Task Above_the_announce_limit_nobody_is_told_who_joins_and_leaves()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Chat:AnnounceLimit", "2"));
        using var alice = await server.ConnectLegacyAsync("Alice");
        using var silent = await server.ConnectAsync("silent"); // Does not listen and so does not count.
        await alice.ExpectSystemAsync("silent has joined.");
        using var bob = await server.ConnectLegacyAsync("Bob");
        await alice.ExpectSystemAsync("Bob has joined.");

        using var carol = server.Open(new ConnectionRequest(Profile.Legacy, "Carol"));
        using var dave = server.Open(new ConnectionRequest(Profile.Legacy, "Dave"));
        await carol.ExpectAsync(MessageTypes.SessionToken);
        await carol.SettleAsync();
        await dave.ExpectAsync(MessageTypes.SessionToken);
        await dave.SettleAsync();
        await dave.CloseAsync();
        await dave.ExpectCloseAsync();

        await alice.ExpectNothingAsync();
        await alice.SayAsync("/list");
        await alice.ExpectSystemAsync("Online users: Alice, silent, Bob, Carol");
    }

    private static async Task SpeakAndGoAsync(TestServer server, string scope)
    {
        using var alice = await server.ConnectLegacyAsync("Alice", scope);
        await alice.SayAsync("hello");
        await alice.CloseAsync();
        await alice.ExpectCloseAsync();
    }

    private static async Task<List<string>> HistoryAsync(TestServer server, string? scope)
    {
        using var peer = server.Open(new ConnectionRequest(Profile.Legacy, "Reader", scope));
        return [.. (await peer.GreetedUpToHistoryAsync()).Select(line => line.Text("text"))];
    }
}
