using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

/// <summary>How a client comes back to its session, and what tests send meanwhile.</summary>
internal static class Comeback
{
    /// <summary>Opens a socket that names the session of another one; nothing has been read from it yet.</summary>
    /// <param name="count">What has arrived; null to give the session up.</param>
    public static TestPeer Return(this TestServer server, TestPeer lost, long? count, string? name = null) => server.Return(lost.Token, count, name);

    public static TestPeer Return(this TestServer server, string token, long? count, string? name = null) =>
        server.Open(new ConnectionRequest(Profile.V1, name, Former: new FormerSession(token, count)));

    /// <summary>A peer that has been told that its session goes on.</summary>
    /// <param name="count">All that the lost socket has brought, unless there was another one before it.</param>
    public static async Task<TestPeer> ResumeAsync(this TestServer server, TestPeer lost, long? count = null)
    {
        var peer = server.Return(lost, count ?? lost.Counted);
        await peer.ExpectResumedAsync();
        return peer;
    }

    /// <summary>The first message, which brings the next token of the same session.</summary>
    public static async Task<JsonElement> ExpectResumedAsync(this TestPeer peer)
    {
        var greeting = await peer.ExpectAsync(MessageTypes.SessionToken);
        Assert.That(greeting.GetProperty("resumed").GetBoolean(), Is.True, greeting.ToString());
        peer.Adopt(greeting);
        return greeting;
    }

    /// <summary>The first message, which says that this is a new session, and why.</summary>
    public static async Task<JsonElement> ExpectNewAsync(this TestPeer peer, string? reason)
    {
        var greeting = await peer.ExpectAsync(MessageTypes.SessionToken);
        Assert.That(greeting.GetProperty("resumed").GetBoolean(), Is.False);
        Assert.That(greeting.Has("reason") ? greeting.Text("reason") : null, Is.EqualTo(reason));
        peer.Adopt(greeting);
        await peer.ExpectAsync(MessageTypes.HeartbeatConfig);
        return greeting;
    }

    /// <summary>The connection of bob is cut, and alice is told.</summary>
    public static async Task LoseBobAsync(this Pair pair)
    {
        await pair.Bob.LoseSocketAsync();
        await pair.Alice.ExpectStatusAsync(pair.Bob, "reconnecting");
    }

    public static async Task ExpectStatusAsync(this TestPeer peer, TestPeer other, string status)
    {
        var message = await peer.ExpectAsync(MessageTypes.PeerStatus);
        Assert.That((message.Text("username"), message.Text("peerId"), message.Text("status")), Is.EqualTo((other.Name, other.PeerId, status)));
    }

    public static async Task ExpectLeftAsync(this TestPeer peer, TestPeer other, string reason)
    {
        var message = await peer.ExpectAsync(MessageTypes.PeerLeft);
        Assert.That((message.Text("username"), message.Text("peerId"), message.Text("reason")), Is.EqualTo((other.Name, other.PeerId, reason)));
    }

    /// <summary>Sends numbers from 1 on, and waits until each is accepted.</summary>
    public static async Task SignalAsync(this TestPeer peer, string to, int count)
    {
        for (var i = 1; i <= count; i++)
            await peer.SignalOneAsync(to, i);
    }

    public static async Task SignalOneAsync(this TestPeer peer, string to, object signal)
    {
        await peer.SendAsync(MessageTypes.Signal, new { targetUsername = to, signal, id = "s" });
        await peer.ExpectAckAsync("s");
    }

    public static async Task ExpectSignalsAsync(this TestPeer peer, int first, int last)
    {
        for (var i = first; i <= last; i++)
            Assert.That((await peer.ExpectAsync(MessageTypes.Signal)).GetProperty("signal").GetInt32(), Is.EqualTo(i));
    }
}
