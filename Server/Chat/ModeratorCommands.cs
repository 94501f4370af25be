using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Chat;

/// <summary>
/// What moderators may do in the chat, in js-chat-server's words. They find people by name in their own scope; a ban holds in all of them. Run with the moderator's turn, so
/// nothing here waits until anybody is out.
/// </summary>
internal sealed class ModeratorCommands(Moderator moderator, BanList bans, AuthenticationOptions authentication, TimeProvider time)
{
    /// <summary>Shown to moderators only.</summary>
    public static readonly string Help = string.Join('\n', "/kick <username> - Kick a user.", "/ban <username> - Ban a user.", "/unban <username> - Unban a user.");

    private const string Unstored = " It could not be stored, and is forgotten when the server stops.";

    /// <summary>Gives the line to answer, or null if everybody has been told, or is about to be.</summary>
    /// <param name="command"><c>/kick</c>, <c>/ban</c> or <c>/unban</c>.</param>
    public async ValueTask<string?> RunAsync(Session session, Scope scope, string command, string argument)
    {
        if (!session.Identity.IsModerator || session.Identity.ExpiresAt <= time.GetUtcNow())
            return $"You do not have permission to use {command}.";
        if (argument.Length == 0)
            return $"Please specify a username to {command[1..]}.";
        if (!Username.TryParse(argument, out var name))
            return $"Illegal username in {command} command.";

        return command switch
        {
            "/kick" => Kick(session, scope, name),
            "/ban" => await BanAsync(session, scope, name),
            _ => await UnbanAsync(session, scope, name),
        };
    }

    private string? Kick(Session session, Scope scope, Username name)
    {
        if (scope.Find(name.Value) is not { } target)
            return $"User \"{name}\" not found.";

        _ = moderator.KickAsync(target, Authority.Of(session));
        return null;
    }

    /// <summary>
    /// By subject, for whoever has one could come back under another name; and by name, also while nobody has it. Where tokens are required the name of somebody who has a subject stays
    /// free for others: nobody comes back without a token.
    /// </summary>
    private async ValueTask<string?> BanAsync(Session session, Scope scope, Username name)
    {
        var target = scope.Find(name.Value);
        name = target?.Username ?? name;
        var subject = target?.Identity.Subject;
        var isBanned = subject is not null ? bans.Find(subject, null, null) is not null
            : bans.Find(null, name, null) is not null || (target is null && bans.All.Any(ban => ban.IsOf(name)));
        if (isBanned)
            return $"{name} is already banned.";

        var bansName = subject is null || !authentication.Required;
        var by = Authority.Of(session);
        var ban = new Ban
        {
            Subject = subject,
            Name = bansName ? name : null,
            KnownAs = bansName ? null : name,
            By = by.Name,
            CreatedAt = time.GetUtcNow(),
        };
        var outcome = await moderator.BanAsync(ban, by);
        if (outcome.IsFull)
            return "There are too many bans.";
        if (outcome.Concerned.All(concerned => concerned.Scope != scope))
            scope.Announce($"{name} was banned by {by.Name}.");
        return $"User \"{name}\" is now banned.{(outcome.IsStored ? "" : Unstored)}";
    }

    private async ValueTask<string?> UnbanAsync(Session session, Scope scope, Username name)
    {
        var (removed, isStored) = await moderator.UnbanAsync(ban => ban.IsOf(name) && !ban.IsOperators, Authority.Of(session));
        if (bans.All.Any(ban => ban.IsOf(name) && ban.IsOperators))
            return $"{name} was banned by the operator, who alone can take that back.{(isStored ? "" : Unstored)}";
        if (removed.Count == 0)
            return $"{name} is not banned.";

        scope.Announce($"{name} was unbanned by {session.Username}.");
        return $"{name} has been unbanned.{(isStored ? "" : Unstored)}";
    }
}
