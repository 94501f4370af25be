using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Chat;

internal sealed class ChatTests
{
    [Test]
    public async Task What_is_said_goes_to_everybody_the_speaker_included()
    {
        await using var lobby = await Lobby.OpenAsync();
        var (alice, bob) = (lobby.Alice, lobby.Bob);

        await alice.SayAsync("hello");

        foreach (var peer in new[] { alice, bob })
        {
            var message = await peer.ExpectAsync(MessageTypes.Chat);
            Assert.That((message.Text("username"), message.Text("text")), Is.EqualTo(("Alice", "hello")));
            Assert.That(message.Text("timestamp"), Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"));
            await peer.ExpectNothingAsync();
        }
    }

    [Test]
    [TestCase("  hello \n", "hello")]
    [TestCase("<b>&\"é\ud83d\ude00\u2028</b>", "<b>&\"é\ud83d\ude00\u2028</b>")]
    [TestCase("   ", "")]
    [TestCase("", "")]
    public async Task It_is_trimmed_and_else_unchanged_and_always_a_string(string said, string heard)
    {
        await using var lobby = await Lobby.OpenAsync();
        var (alice, bob) = (lobby.Alice, lobby.Bob);

        await alice.SayAsync(said);

        await alice.ExpectChatAsync("Alice", heard);
        await bob.ExpectChatAsync("Alice", heard);
    }

    [Test]
    [TestCase("null")]
    [TestCase("5")]
    [TestCase("""{"a":1}""")]
    [TestCase("""["hello"]""")]
    [TestCase("true")]
    public async Task What_is_no_string_is_told_to_the_speaker_only(string content)
    {
        await using var lobby = await Lobby.OpenAsync();
        var (alice, bob) = (lobby.Alice, lobby.Bob);

        await alice.SendRawAsync($$"""{"type":"chat","token":"{{alice.Token}}","content":{{content}}}""");

        await alice.ExpectSystemAsync("Invalid message structure.");
        await alice.ExpectNothingAsync();
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task The_server_says_who_speaks_whatever_the_client_claims()
    {
        await using var lobby = await Lobby.OpenAsync();
        var (alice, bob) = (lobby.Alice, lobby.Bob);

        await alice.SendAsync(MessageTypes.Chat, new { content = "hi", username = "Bob", from = "Bob", fromUsername = "Bob" });

        await bob.ExpectChatAsync("Alice", "hi");
    }

    [Test]
    public async Task Typing_goes_to_everybody_else()
    {
        await using var lobby = await Lobby.OpenAsync();
        var (alice, bob) = (lobby.Alice, lobby.Bob);

        await alice.SendAsync(MessageTypes.Typing);
        await alice.ExpectNothingAsync();

        var typing = await bob.ExpectAsync(MessageTypes.Typing);
        Assert.That((typing.Text("username"), typing.Has("timestamp")), Is.EqualTo(("Alice", true)));
    }

    [Test]
    public async Task A_newcomer_sees_the_last_100_lines_oldest_first_and_the_systems_have_no_username()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Chat:MessagesPerSecond", "1000"));
        using var alice = await server.ConnectLegacyAsync("Alice");
        for (var i = 0; i < 99; i++)
            await alice.SayAsync($"line {i}");
        await alice.SendAsync(MessageTypes.Join);
        await alice.SettleAsync();

        using var bob = server.Open(new ConnectionRequest(Profile.Legacy, "Bob"));
        var lines = await bob.GreetedUpToHistoryAsync();

        // "Alice has joined." was the first of 101.
        Assert.That(lines.Select(line => line.Text("text")), Is.EqualTo(Enumerable.Range(0, 99).Select(i => $"line {i}").Append("Alice joined voice chat")));
        Assert.That(lines.Take(99).Select(line => (line.Text("type"), line.Text("username"))), Is.All.EqualTo((MessageTypes.Chat, "Alice")));
        Assert.That((lines[99].Text("type"), lines[99].GetProperty("username").ValueKind), Is.EqualTo((MessageTypes.System, JsonValueKind.Null)));
        Assert.That(lines, Is.All.Matches<JsonElement>(line => line.Has("timestamp")));
        await bob.ExpectSystemAsync("Bob has joined.");
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Notices_of_calls_go_to_everybody_in_the_scope()
    {
        await using var lobby = await Lobby.OpenAsync();
        var (alice, bob) = (lobby.Alice, lobby.Bob);

        await alice.SendAsync(MessageTypes.Join);
        await bob.ExpectSystemAsync("Alice joined voice chat");
        await alice.SendAsync(MessageTypes.Leave);
        await bob.ExpectSystemAsync("Alice left voice chat");

        await alice.ExpectAsync(MessageTypes.Joined);
        await alice.ExpectSystemAsync("Alice joined voice chat");
        await alice.ExpectSystemAsync("Alice left voice chat");
    }

    [Test]
    public async Task Lines_reach_everybody_in_one_order()
    {
        await using var lobby = await Lobby.OpenAsync();
        var (alice, bob) = (lobby.Alice, lobby.Bob);

        await Task.WhenAll(Task.Run(() => SayManyAsync(alice)), Task.Run(() => SayManyAsync(bob)));
        await alice.SendAsync(MessageTypes.Ping);
        await bob.SendAsync(MessageTypes.Ping);

        Assert.That(await HeardAsync(alice), Is.EqualTo(await HeardAsync(bob)));

        static async Task SayManyAsync(TestPeer peer)
        {
            for (var i = 0; i < 50; i++)
                await peer.SayAsync($"{peer.Name} {i}");
        }

        static async Task<List<string>> HeardAsync(TestPeer peer)
        {
            var heard = new List<string>();
            while (heard.Count < 100)
                if (await peer.ReceiveAsync() is var message && message.Text("type") == MessageTypes.Chat)
                    heard.Add(message.Text("text"));
            return heard;
        }
    }
}
