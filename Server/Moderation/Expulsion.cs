using MeshSignal.Protocol;

namespace MeshSignal.Server.Moderation;

/// <summary>How somebody is shown out, and in which words: js-chat-server's.</summary>
/// <param name="Error">For v1.</param>
/// <param name="Text">To the one concerned.</param>
/// <param name="Verb">To the others.</param>
internal sealed record Expulsion(CloseCode CloseCode, ErrorCode Error, string Text, string Verb)
{
    public static readonly Expulsion Kick = new(CloseCode.Kicked, ErrorCode.Forbidden, "You have been kicked by an admin.", "kicked");

    public static readonly Expulsion Ban = new(CloseCode.Banned, ErrorCode.Banned, "You have been banned by an admin.", "banned");
}
