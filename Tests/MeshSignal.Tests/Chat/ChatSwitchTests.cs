using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Chat;

/// <summary>Chat is on for legacy and off for v1, unless the client or the operator says otherwise.</summary>
internal sealed class ChatSwitchTests
{
    [Test]
    public async Task A_v1_client_hears_no_chat_and_may_not_speak()
    {
        await using var server = await TestServer.StartAsync();
        using var bob = await server.ConnectLegacyAsync("Bob");
        using var alice = await server.ConnectAsync("alice");
        await bob.ExpectSystemAsync("alice has joined.");

        await bob.SayAsync("hello");
        await bob.SendAsync(MessageTypes.Typing);
        await bob.ExpectChatAsync("Bob", "hello");
        await bob.ExpectNothingAsync();
        await alice.ExpectNothingAsync();
        await alice.SendAsync(MessageTypes.Chat, new { content = "hi", id = 1 });
        await alice.ExpectErrorAsync(ErrorCode.Disabled, 1);
        await alice.SendAsync(MessageTypes.Typing, new { id = 2 });
        await alice.ExpectErrorAsync(ErrorCode.Disabled, 2);
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task It_is_named_in_the_lines_and_the_list_like_everybody()
    {
        await using var server = await TestServer.StartAsync();
        using var bob = await server.ConnectLegacyAsync("Bob");
        using (var alice = await server.ConnectAsync("alice"))
        {
            await bob.ExpectSystemAsync("alice has joined.");
            await bob.SayAsync("/list");
            await bob.ExpectSystemAsync("Online users: Bob, alice");
            await alice.CloseAsync();
            await bob.ExpectSystemAsync("alice has left.");
        }
    }

    [Test]
    public async Task With_chat_on_v1_gets_the_whole_of_it_in_the_same_order()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Motd", "Be kind."));
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Chat: "on"));

        var greeting = await alice.ExpectAsync(MessageTypes.SessionToken);
        Assert.That(greeting.Text("protocol"), Is.EqualTo("meshsignal.v1"));
        Assert.That(greeting.Texts("features"), Is.EquivalentTo(["ack", "hold", "signal", "ice-servers", "resume", "authenticate"]));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.ExpectAsync(MessageTypes.History);
        await alice.ExpectSystemAsync("MOTD: Be kind.");
        await alice.ExpectSystemAsync("alice has joined.");
        await alice.SendAsync(MessageTypes.Chat, new { token = greeting.Text("token"), content = "hello", id = "c" });
        await alice.ExpectChatAsync("alice", "hello");
        await alice.ExpectAckAsync("c");
    }

    [Test]
    public async Task With_chat_off_a_legacy_client_hears_none()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice", chat: false);
        using var bob = await server.ConnectLegacyAsync("Bob");

        await bob.SayAsync("hello");
        await bob.SettleAsync();

        await alice.ExpectNothingAsync();
        await alice.SayAsync("hi");
        await alice.ExpectSystemAsync("Chat is off");
    }

    [Test]
    public async Task Where_the_operator_has_no_chat_there_is_none()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Chat:Enabled", "false"), ("MeshSignal:Motd", "Be kind."));
        using var alice = await server.ConnectLegacyAsync("Alice", chat: false);
        using var bob = server.Open(new ConnectionRequest(Profile.Legacy, "Bob", Chat: "on"));
        await bob.GreetedAsync(withChat: false);

        await alice.SayAsync("hi");

        await alice.ExpectSystemAsync("Chat is off");
        await bob.ExpectNothingAsync();
        await alice.SendAsync(MessageTypes.Join);
        await alice.ExpectAsync(MessageTypes.Joined);
        await alice.ExpectNothingAsync();
    }
}
