using MeshSignal.Protocol;

namespace MeshSignal.Server.Transport;

/// <summary>What a client asked for when it opened the socket; unchecked but for the profile, which was negotiated.</summary>
/// <param name="Username">The <c>username</c> of the query; null or empty asks for a generated one.</param>
/// <param name="Room">The <c>room</c> of the query: the connection's scope.</param>
/// <param name="Chat">The <c>chat</c> of the query: <c>on</c> or <c>off</c>; anything else is the profile's default.</param>
internal sealed record ConnectionRequest(Profile Profile, string? Username = null, string? Room = null, string? Chat = null);
