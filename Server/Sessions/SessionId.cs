using System.Security.Cryptography;

namespace MeshSignal.Server.Sessions;

/// <summary>What a session is called in the log, and to TURN servers, where it stands in the credentials: one can be found in the other. No proof of anything.</summary>
internal readonly record struct SessionId(string Value)
{
    public static SessionId New() => new(RandomNumberGenerator.GetHexString(16, lowercase: true));

    public override string ToString() => Value;
}
