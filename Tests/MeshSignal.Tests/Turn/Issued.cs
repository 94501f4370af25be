using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Ice;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Turn;

/// <summary>Credentials as clients of the server get them, and some that it would never give.</summary>
internal static class Issued
{
    /// <summary>Those in a <c>webrtc-joined</c>.</summary>
    public static async Task<TurnCredentials> JoinAsync(TestPeer peer) => In((await peer.JoinAsync("den")).GetProperty("config"));

    /// <summary>Those in the answer to a <c>webrtc-ice-servers</c>.</summary>
    public static async Task<TurnCredentials> AskAsync(TestPeer peer)
    {
        await peer.SendAsync(MessageTypes.IceServers);
        return In(await peer.ExpectAsync(MessageTypes.IceServers));
    }

    /// <summary>Those that a legacy peer is told with the arrival of another.</summary>
    public static async Task<TurnCredentials> MeetAsync(TestPeer legacy) => In((await legacy.ExpectAsync(MessageTypes.PeerJoined)).GetProperty("config"));

    /// <summary>A pair that ends so many seconds from now, signed by the server's own code.</summary>
    public static TurnCredentials EndingIn(int seconds, string session = "0badc0de", string secret = Coturn.Secret) => TurnCredentials.Issue(
        Encoding.UTF8.GetBytes(secret), new(session), TimeProvider.System.GetUtcNow().AddSeconds(seconds));

    /// <summary>A pair for any text, signed without the server's code.</summary>
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "TURN servers know no other.")]
    public static TurnCredentials Signed(string username) =>
        new(username, Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(Coturn.Secret), Encoding.UTF8.GetBytes(username))));

    private static TurnCredentials In(JsonElement holder)
    {
        var server = holder.GetProperty("iceServers").EnumerateArray().Single();
        return new TurnCredentials(server.Text("username"), server.Text("credential"));
    }
}
