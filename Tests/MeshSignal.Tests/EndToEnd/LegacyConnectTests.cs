using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>What a js-chat-server client sees when it connects, message for message.</summary>
internal sealed class LegacyConnectTests
{
    private static readonly string[] BrowserFields = ["token", "username", "protocol", "resumed", "resumeGraceMs", "features"];

    [Test]
    public async Task A_named_client_gets_token_heartbeat_history_and_its_own_joined_line_in_this_order()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));

        var greeting = await alice.ExpectAsync(MessageTypes.SessionToken);
        Assert.That(greeting.Text("token"), Does.Match("^[0-9a-f]{64}$"));
        Assert.That(BrowserFields, Is.All.Matches<string>(field => greeting.Has(field)));
        Assert.That((greeting.Text("username"), greeting.Text("protocol")), Is.EqualTo(("Alice", "legacy")));
        var heartbeat = await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        Assert.That((heartbeat.GetProperty("interval").GetInt32(), heartbeat.GetProperty("timeout").GetInt32()), Is.EqualTo((30_000, 120_000)));
        var history = await alice.ExpectAsync(MessageTypes.History);
        Assert.That(history.GetProperty("messages").GetArrayLength(), Is.Zero);
        await alice.ExpectSystemAsync("Alice has joined.");
    }

    [Test]
    public async Task The_message_of_the_day_comes_between_history_and_the_joined_line()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Motd", "Be kind."));
        using var alice = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));

        await alice.ExpectAsync(MessageTypes.SessionToken);
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.ExpectAsync(MessageTypes.History);
        await alice.ExpectSystemAsync("MOTD: Be kind.");
        await alice.ExpectSystemAsync("Alice has joined.");
    }

    [Test]
    public async Task The_message_of_the_day_is_no_part_of_the_history()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Motd", "Be kind."));
        using var alice = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));
        await alice.GreetedUpToHistoryAsync();
        await alice.ExpectSystemAsync("MOTD: Be kind.");
        await alice.ExpectSystemAsync("Alice has joined.");
        using var bob = server.Open(new ConnectionRequest(Profile.Legacy, "Bob"));

        Assert.That((await bob.GreetedUpToHistoryAsync()).Select(line => line.Text("text")), Is.EqualTo(["Alice has joined."]));
    }

    [Test]
    [TestCase(null)]
    [TestCase("")]
    public async Task A_client_without_a_name_is_called_Anonymous_and_four_digits(string? username)
    {
        await using var server = await TestServer.StartAsync();
        using var peer = await server.ConnectLegacyAsync(username);

        Assert.That(peer.Name, Does.Match("^Anonymous[1-9][0-9]{3}$"));
    }

    [Test]
    public async Task A_name_of_21_characters_is_cut_to_20()
    {
        await using var server = await TestServer.StartAsync();
        using var peer = await server.ConnectLegacyAsync("Abcdefghij0123456789Z");

        Assert.That(peer.Name, Is.EqualTo("Abcdefghij0123456789"));
    }

    [Test]
    public async Task What_is_wrong_only_beyond_the_20th_character_is_cut_away()
    {
        await using var server = await TestServer.StartAsync();
        using var peer = await server.ConnectLegacyAsync("Abcdefghij0123456789!?");

        Assert.That(peer.Name, Is.EqualTo("Abcdefghij0123456789"));
    }

    [Test]
    public async Task Chat_right_after_the_token_is_heard_although_the_history_has_not_been_read()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = server.Open(new ConnectionRequest(Profile.Legacy, "Alice"));
        var token = (await alice.ExpectAsync(MessageTypes.SessionToken)).Text("token");

        await alice.SendAsync(MessageTypes.Chat, new { token, content = "early" });

        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.ExpectAsync(MessageTypes.History);
        await alice.ExpectSystemAsync("Alice has joined.");
        await alice.ExpectChatAsync("Alice", "early");
    }

    [Test]
    public async Task The_others_see_who_joins_and_who_leaves()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");
        using (var bob = await server.ConnectLegacyAsync("Bob"))
        {
            await alice.ExpectSystemAsync("Bob has joined.");
            await bob.CloseAsync();
            await alice.ExpectSystemAsync("Bob has left.");
        }

        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_ping_needs_no_token_and_gets_one_pong_with_a_time()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");

        await alice.SendRawAsync("""{"type":"ping"}""");

        var pong = await alice.ExpectAsync(MessageTypes.Pong);
        Assert.That(pong.Text("timestamp"), Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"));
        await alice.ExpectNothingAsync();
    }
}
