using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

internal sealed class WrongTokenTests
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    [Test]
    public async Task A_wrong_token_costs_an_error_and_nothing_else()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");

        await alice.SendAsync(MessageTypes.Join, new { token = new string('0', 64), id = 1 });

        Assert.That((await alice.ExpectErrorAsync(ErrorCode.InvalidToken, id: 1)).Text("requestType"), Is.EqualTo(MessageTypes.Join));
        await alice.JoinAsync();
    }

    [Test]
    [TestCase("")]
    [TestCase("0123")]
    public async Task A_token_of_another_length_is_as_wrong(string token)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");

        await alice.SendAsync(MessageTypes.Join, new { token });

        await alice.ExpectErrorAsync(ErrorCode.InvalidToken);
    }

    /// <summary>Only messages that were right in everything else were counted, so a guesser had but to make another mistake.</summary>
    [Test]
    [TestCase("""{"type":"webrtc-offer","token":"wrong","id":1}""")]
    [TestCase("""{"type":"webrtc-join","token":"wrong","mediaTypes":5,"id":1}""")]
    [TestCase("""{"type":"webrtc-nonsense","token":"wrong","id":1}""")]
    [TestCase("""{"type":"chat","id":1}""")]
    [TestCase("""{"type":"nonsense","token":"wrong","id":1}""")]
    [TestCase("""{"type":"webrtc-leave","token":"\ud800","id":1}""")]
    public async Task It_is_the_error_whatever_else_is_wrong_and_it_counts(string message)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        for (var i = 0; i < 20; i++)
        {
            await alice.SendRawAsync(message);
            await alice.ExpectErrorAsync(ErrorCode.InvalidToken, id: 1);
        }

        Assert.That(await alice.ExpectCloseAsync(), Is.EqualTo((int)CloseCode.BadToken));
    }

    [Test]
    public async Task A_legacy_client_is_told_even_about_a_candidate()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("alice", chat: false);

        await alice.SendRawAsync("""{"type":"webrtc-ice-candidate","token":"wrong","targetUsername":"bob","candidate":{"candidate":"a"}}""");

        Assert.That((await alice.ExpectErrorAsync(ErrorCode.InvalidToken)).Text("error"), Is.EqualTo("Invalid session token"));
    }

    [Test]
    public async Task No_token_and_another_sessions_token_are_wrong_too()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");

        await alice.SendRawAsync("""{"type":"webrtc-join"}""");
        await alice.ExpectErrorAsync(ErrorCode.InvalidToken);
        await alice.SendRawAsync("""{"type":"webrtc-join","token":12}""");
        await alice.ExpectErrorAsync(ErrorCode.InvalidToken);
        await alice.SendAsync(MessageTypes.Join, new { token = bob.Token });
        await alice.ExpectErrorAsync(ErrorCode.InvalidToken);
    }

    [Test]
    public async Task A_legacy_client_is_told_in_the_two_texts_that_it_knows()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");
        var token = "wrong";

        await alice.SendAsync(MessageTypes.Chat, new { token, content = "hello" });
        await alice.ExpectSystemAsync("Invalid session token.");
        await alice.SendAsync(MessageTypes.Typing, new { token });
        await alice.ExpectSystemAsync("Invalid session token.");
        await alice.SendAsync(MessageTypes.Join, new { token });
        Assert.That((await alice.ExpectErrorAsync(ErrorCode.InvalidToken)).Text("error"), Is.EqualTo("Invalid session token"));
    }

    [Test]
    public async Task The_20th_within_10_seconds_closes_with_4501()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");

        await SendWrongAsync(alice, 19);
        await alice.ExpectNothingAsync();
        await SendWrongAsync(alice, 1);

        await alice.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
    }

    [Test]
    public async Task Twenty_that_are_spread_over_more_than_10_seconds_do_not()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");

        await SendWrongAsync(alice, 1);
        server.Advance(Window, alice);
        await SendWrongAsync(alice, 19);
        await alice.ExpectNothingAsync();
        server.Advance(Window, alice);
        await SendWrongAsync(alice, 19);

        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task The_others_see_the_closed_one_disconnect()
    {
        await using var call = await Pair.InCallAsync();

        await SendWrongAsync(call.Bob, 20);

        Assert.That((await call.Alice.ExpectAsync(MessageTypes.PeerLeft)).Text("reason"), Is.EqualTo("disconnected"), "the server closed it");
    }

    private static async Task SendWrongAsync(TestPeer peer, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await peer.SendAsync(MessageTypes.Leave, new { token = "wrong" });
            await peer.ExpectErrorAsync(ErrorCode.InvalidToken);
        }
    }
}
