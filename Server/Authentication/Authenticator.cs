using MeshSignal.Protocol;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Routing;

namespace MeshSignal.Server.Authentication;

/// <summary>What became of a credential: who it is, or why not.</summary>
/// <param name="Delay">How long the refusal should be kept back, so that guessing takes its time.</param>
/// <param name="HasSpent">It was good for one session, and is used with this. Whoever then lets nobody in gives it back: see <see cref="Authenticator.GiveBack"/>.</param>
internal readonly record struct Judgement(Identity? Identity, Refusal? Refusal = null, TimeSpan Delay = default, bool HasSpent = false);

/// <summary>Judges join tokens: each good, not used up, and not from an address that has sent too many wrong ones.</summary>
internal sealed partial class Authenticator(JoinTokens tokens, UsedCredentials used, FailureLimits failures, TimeProvider time, ILogger<Authenticator> log)
{
    /// <param name="proven">Whom the client has proven to be by a session of its own. A token that is good for one session is good for the next of the same one.</param>
    public Judgement Judge(string credential, ClientAddress? address, Identity? proven)
    {
        if (failures.IsBlocked(address))
            return new Judgement(null, new Refusal(ErrorCode.RateLimited));

        var now = time.GetUtcNow();
        if (!tokens.TryVerify(credential, now, out var identity, out var reason))
        {
            // Whoever has a signature has guessed nothing: an old token, or one for somebody else, says nothing against all who share an address.
            LogRefused(reason);
            return reason <= TokenRefusal.Signature ? Wrong(failures.Add(address)) : Wrong(TimeSpan.Zero);
        }

        if (identity.CredentialId is not { } id || (proven is not null && identity.Subject == proven.Subject && id == proven.CredentialId))
            return new Judgement(identity);

        return used.Use(id, identity.ExpiresAt!.Value, now) switch
        {
            CredentialUse.Good => new Judgement(identity, HasSpent: true),
            CredentialUse.Spent => Wrong(TimeSpan.Zero),
            _ => new Judgement(null, new Refusal(ErrorCode.ServerFull)),
        };
    }

    /// <summary>No session came of it, so its token is as good as before. Till now nobody else could use it: of two who come with it at once, one is refused.</summary>
    public void GiveBack(Judgement judgement)
    {
        if (judgement.HasSpent)
            used.GiveBack(judgement.Identity!.CredentialId!);
    }

    /// <summary>The client is not told what is wrong with it: that is its operator's business.</summary>
    private static Judgement Wrong(TimeSpan delay) => new(null, new Refusal(ErrorCode.NotAuthenticated) { Text = "This is no credential that is good here." }, delay);

    [LoggerMessage(LogLevel.Debug, "A join token was refused: {Reason}")]
    private partial void LogRefused(TokenRefusal reason);
}
