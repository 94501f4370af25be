using MeshSignal.Protocol;
using MeshSignal.Server.Policy;

namespace MeshSignal.Server.Transport;

/// <summary>What a client asked for when it opened the socket; unchecked but for the profile, which was negotiated.</summary>
/// <param name="Username">The <c>username</c> of the query; null or empty asks for a generated one.</param>
/// <param name="Room">The <c>room</c> of the query: the connection's scope.</param>
/// <param name="Chat">The <c>chat</c> of the query: <c>on</c> or <c>off</c>; anything else is the profile's default.</param>
/// <param name="Former">The session that the client has had until now, if it says so; v1 only.</param>
/// <param name="Address">Where it comes from; null if that is not to be limited.</param>
/// <param name="Credential">A join token, unchecked, wherever in the request it stood.</param>
internal sealed record ConnectionRequest(
    Profile Profile, string? Username = null, string? Room = null, string? Chat = null, FormerSession? Former = null, ClientAddress? Address = null, string? Credential = null)
{
    /// <summary>What the limits on sockets say: if it is not <see cref="ConnectionVerdict.Ok"/>, the client is to be told so, unless it comes back to a session.</summary>
    public ConnectionVerdict Verdict { get; init; }

    /// <summary>Not the secrets in it.</summary>
    public override string ToString() => nameof(ConnectionRequest);
}

/// <summary>A session that a client has had at another socket.</summary>
/// <param name="Token">64 lower-case hex digits.</param>
/// <param name="Received">How many of its messages have arrived, for it to be resumed; null if it is given up.</param>
internal sealed record FormerSession(string Token, long? Received)
{
    public override string ToString() => nameof(FormerSession);
}
