using MeshSignal.Protocol;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

/// <summary>What becomes of those whom the limits on sockets do not want.</summary>
internal sealed class FullServerTests
{
    [TestCase(ConnectionVerdict.Full, "Server is full. Please try again later.", "server-full")]
    [TestCase(ConnectionVerdict.TooManyFromAddress, "Too many concurrent connections from this IP. Maximum allowed is 50.", "too-many-connections")]
    public async Task A_stranger_is_told_and_closed_before_anything_else_is_looked_at(ConnectionVerdict verdict, string text, string code)
    {
        await using var server = await TestServer.StartAsync();
        using var legacy = server.Open(new ConnectionRequest(Profile.Legacy, "no name", "no room") { Verdict = verdict });
        using var v1 = server.Open(new ConnectionRequest(Profile.V1, "no name", "no room") { Verdict = verdict });

        await legacy.ExpectSystemAsync(text);
        await legacy.ExpectCloseAfterNothingAsync(CloseCode.TryAgainLater);
        var error = await v1.ExpectAsync(MessageTypes.Error);
        Assert.That((error.Text("code"), error.GetProperty("retryable").GetBoolean()), Is.EqualTo((code, true)));
        await v1.ExpectCloseAfterNothingAsync(CloseCode.TryAgainLater);
        Assert.That(server.Get<SessionStore>().Count, Is.Zero);
    }

    [TestCase(ConnectionVerdict.Full)]
    [TestCase(ConnectionVerdict.TooManyFromAddress)]
    public async Task Who_comes_back_to_a_session_is_let_in(ConnectionVerdict verdict)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        await alice.LoseSocketAsync();
        using var back = server.Open(Returning(alice.Token, alice.Counted, verdict));
        await back.ExpectResumedAsync();
    }

    [TestCase(ConnectionVerdict.Full, null, "released")]
    [TestCase(ConnectionVerdict.TooManyFromAddress, 1000L, "incomplete")]
    public async Task So_is_who_takes_the_place_of_a_session_of_his_own(ConnectionVerdict verdict, long? count, string reason)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        using var back = server.Open(Returning(alice.Token, count, verdict));
        await back.ExpectNewAsync(reason);
        await alice.ExpectCloseAsync(CloseCode.Replaced);
        Assert.That(server.Get<SessionStore>().Count, Is.EqualTo(1));
    }

    [Test]
    public async Task Who_only_says_that_he_comes_back_is_a_stranger()
    {
        await using var server = await TestServer.StartAsync();
        using var peer = server.Open(Returning(new string('0', 64), 0, ConnectionVerdict.TooManyFromAddress));
        await peer.ExpectErrorAsync(ErrorCode.TooManyConnections);
        await peer.ExpectCloseAfterNothingAsync(CloseCode.TryAgainLater);
    }

    private static ConnectionRequest Returning(string token, long? count, ConnectionVerdict verdict) =>
        new(Profile.V1, Former: new FormerSession(token, count)) { Verdict = verdict };
}
