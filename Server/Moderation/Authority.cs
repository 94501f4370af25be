using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Moderation;

/// <summary>Who shows somebody out: a moderator, or the operator.</summary>
/// <param name="Session">Null for the operator, who has none.</param>
internal readonly record struct Authority(string Name, SessionId? Session = null)
{
    /// <summary>Nobody else can have that name: it is reserved.</summary>
    public static readonly Authority Operator = new("admin");

    public static Authority Of(Session moderator) => new(moderator.Username.Value, moderator.Id);

    public override string ToString() => Session is { } session ? $"{Name} (session {session})" : Name;
}
