using System.Globalization;
using MeshSignal.Protocol;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Chat;

/// <summary>What begins with a slash. It is answered to the asker and never shown to others, whatever it is: it may be a password.</summary>
internal sealed class ChatCommands(ICluster cluster, ModeratorCommands moderatorCommands, BanList bans, Moderator moderator, ChatOptions options)
{
    private static readonly string Help = string.Join('\n',
        "/nick <name> - Change your nickname, except in a call.",
        "/list - List online users.",
        "/block <username> - Block a user for 12 hours.",
        "/unblock <username> - Unblock a user.",
        "/help - Show this help message.");

    /// <summary>Runs the command and gives the line to answer, or null if everybody has been told.</summary>
    /// <param name="text">Trimmed. The command is its first word, whole: <c>/banana</c> is not <c>/ban</c>.</param>
    public async ValueTask<string?> RunAsync(Session session, Scope scope, string text)
    {
        var end = text.AsSpan().IndexOfAny(" \t\n");
        var (command, argument) = end < 0 ? (text, "") : (text[..end], text[end..].Trim());
        return command switch
        {
            "/help" => session.Identity.IsModerator ? $"{Help}\n{ModeratorCommands.Help}" : Help,
            "/list" => $"Online users: {string.Join(", ", scope.NamesFor(session))}",
            "/nick" => await RenameAsync(session, scope, argument),
            "/block" => Block(session, scope, argument),
            "/unblock" => Unblock(session, scope, argument),
            "/kick" or "/ban" or "/unban" => await moderatorCommands.RunAsync(session, scope, command, argument),
            "/register" or "/login" => "This server has no accounts.",
            _ => "Unknown command. Type /help for a list.",
        };
    }

    private async ValueTask<string?> RenameAsync(Session session, Scope scope, string argument)
    {
        if (session.Peer is not null)
            return "You cannot change your nickname during a call.";
        if (session.Chat.RenameWait is var wait && wait > TimeSpan.Zero)
            return string.Create(CultureInfo.InvariantCulture,
                $"You can only change your nickname once every {options.NickCooldown.TotalSeconds} seconds. Please wait {Math.Ceiling(wait.TotalSeconds)} more seconds.");
        if (!Username.TryParse(argument, out var username))
            return "Illegal username. Must be 3-20 characters, only letters, digits, underscore, dash.";
        if (session.Identity.Name is { } own && own.Key != username.Key)
            return "Your name is fixed by your token.";
        if (username == session.Username || username.IsReserved || bans.Find(null, username, null) is not null
            || await cluster.ClaimNameAsync(scope.Name, username, session) is not null)
            return $"Username \"{username}\" is already taken.";

        session.Chat.Renamed();
        scope.Rename(session, username);
        moderator.ShowOutIfBanned(session);
        return null;
    }

    private static string Block(Session session, Scope scope, string argument)
    {
        if (argument.Length == 0)
            return "Usage: /block <username>";
        if (scope.Find(argument) is not { } other)
            return $"User \"{argument.ToLowerInvariant()}\" not found.";
        if (other == session)
            return "You cannot block yourself.";

        scope.Block(session, other);
        return $"You have blocked {other.Username} for 12 hours.";
    }

    private static string Unblock(Session session, Scope scope, string argument)
    {
        if (argument.Length == 0)
            return "Usage: /unblock <username>";

        return scope.Find(argument) is { } other && scope.Unblock(session, other)
            ? $"You have unblocked {other.Username}."
            : $"{argument.ToLowerInvariant()} was not blocked.";
    }
}
