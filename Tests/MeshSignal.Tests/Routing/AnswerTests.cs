using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Routing;

/// <summary>Every request of a v1 client that bears an id gets exactly one first answer, in the order of the requests.</summary>
internal sealed class AnswerTests
{
    [Test]
    public async Task Each_kind_of_request_is_answered_once_and_in_order()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice", chat: true);
        using var bob = await server.ConnectAsync("bob");
        await bob.JoinAsync("demo");
        await alice.SettleAsync();
        var (offer, answer, candidate) = (new { sdp = "v=0" }, new { sdp = "v=0" }, new { candidate = "a1" });
        (string Type, object Fields, string Answer)[] requests =
        [
            (MessageTypes.Leave, new { id = 0 }, "not-joined"),
            (MessageTypes.Join, new { id = 1, room = "demo" }, MessageTypes.Joined),
            (MessageTypes.Join, new { id = 2, room = "demo" }, "already-joined"),
            (MessageTypes.IceCandidate, new { id = 3, targetUsername = "bob", candidate }, MessageTypes.Ack),
            (MessageTypes.Offer, new { id = 4, targetUsername = "bob", offer }, MessageTypes.Ack),
            (MessageTypes.Answer, new { id = 5, targetUsername = "bob", answer }, MessageTypes.Ack),
            (MessageTypes.Signal, new { id = 6, targetUsername = "bob", signal = 1 }, MessageTypes.Ack),
            (MessageTypes.Signal, new { id = 7, targetUsername = "bob" }, "invalid-message"),
            (MessageTypes.Offer, new { id = 8, targetUsername = "carol", offer }, "target-not-found"),
            (MessageTypes.Offer, new { id = 9, offer }, "invalid-target"),
            (MessageTypes.Offer, new { id = 10, targetUsername = "bob", offer = 3 }, "invalid-description"),
            (MessageTypes.IceCandidate, new { id = 11, targetUsername = "bob", candidate = 3 }, "invalid-candidate"),
            (MessageTypes.IceCandidate, new { id = 12, targetUsername = "carol", candidate }, "target-not-found"),
            (MessageTypes.Offer, new { id = 13, targetUsername = "alice", offer }, "invalid-target"),
            (MessageTypes.MediaChange, new { id = 14, mediaTypes = new[] { "audio" } }, MessageTypes.Ack),
            (MessageTypes.MediaChange, new { id = 15, mediaTypes = new[] { "x" } }, "media-not-allowed"),
            (MessageTypes.Chat, new { id = 16, content = "hello" }, MessageTypes.Ack),
            (MessageTypes.Chat, new { id = 17, content = "/list" }, MessageTypes.Ack),
            (MessageTypes.Typing, new { id = 18 }, MessageTypes.Ack),
            (MessageTypes.Ping, new { id = 19 }, MessageTypes.Ack),
            ("webrtc-dance", new { id = 20 }, "unknown-type"),
            ("dance", new { id = 21 }, "unknown-type"),
            (MessageTypes.Typing, new { id = 22, token = "wrong" }, "invalid-token"),
            (MessageTypes.IceServers, new { id = 23 }, MessageTypes.IceServers),
            (MessageTypes.Leave, new { id = 24 }, MessageTypes.Left),
            (MessageTypes.IceServers, new { id = 25 }, "not-joined"),
        ];

        foreach (var (type, fields, _) in requests)
            await alice.SendAsync(type, fields);
        await alice.SendAsync(MessageTypes.Leave, new { id = "end" });

        var answers = new List<(int, string)>();
        while (await alice.ReceiveAsync() is var message)
        {
            if (!message.TryGetProperty("id", out var id))
                continue;
            if (id.ValueKind == JsonValueKind.String)
                break;
            answers.Add((id.GetInt32(), message.Text("type") == MessageTypes.Error ? message.Text("code") : message.Text("type")));
        }

        Assert.That(answers, Is.EqualTo(requests.Select((request, i) => (i, request.Answer))));
    }

    [Test]
    public async Task A_ping_with_an_id_gets_its_pong_and_then_its_ack()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");

        await alice.SendAsync(MessageTypes.Ping, new { id = "p" });

        await alice.ExpectAsync(MessageTypes.Pong);
        await alice.ExpectAckAsync("p");
        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Without_an_id_nothing_but_errors_is_answered()
    {
        await using var call = await Pair.InCallAsync();

        await call.Alice.OfferAsync("bob");
        await call.Alice.ExpectNothingAsync();
        await call.Alice.OfferAsync("nobody");

        Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.TargetNotFound)).Has("id"), Is.False);
    }

    [Test]
    public async Task An_ack_says_that_the_message_is_on_its_way()
    {
        await using var call = await Pair.InCallAsync();

        await call.Alice.OfferAsync("bob", id: 1);
        await call.Alice.ExpectAckAsync(1);

        await call.Bob.ExpectAsync(MessageTypes.Offer);
    }

    [Test]
    [TestCase("\"x\"")]
    [TestCase("9223372036854775807")]
    [TestCase("-1")]
    [TestCase("\"<\\\"é>\"")]
    public async Task An_id_comes_back_as_it_was_sent(string id)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");

        await alice.SendRawAsync($$"""{"type":"webrtc-join","token":"{{alice.Token}}","id":{{id}}}""");

        Assert.That((await alice.ExpectAsync(MessageTypes.Joined)).GetProperty("id").GetRawText(), Is.EqualTo(id));
    }

    [Test]
    [TestCase("1.5")]
    [TestCase("\"\"")]
    [TestCase("null")]
    [TestCase("[1]")]
    public async Task What_is_no_id_makes_the_message_invalid(string id)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");

        await alice.SendRawAsync($$"""{"type":"webrtc-join","token":"{{alice.Token}}","id":{{id}}}""");

        Assert.That((await alice.ExpectErrorAsync(ErrorCode.InvalidMessage)).Has("id"), Is.False);
        await alice.JoinAsync();
    }

    [Test]
    public async Task A_legacy_client_gets_no_ack_whatever_it_sends()
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.V1);

        await call.Alice.OfferAsync("bob", id: 1);
        await call.Alice.SendAsync(MessageTypes.Ping, new { id = 2 });
        await call.Alice.ExpectAsync(MessageTypes.Pong);
        await call.Alice.LeaveAsync(id: 3);

        await call.Alice.ExpectNothingAsync();
    }
}
