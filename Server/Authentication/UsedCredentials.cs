namespace MeshSignal.Server.Authentication;

internal enum CredentialUse
{
    /// <summary>The first, and the last.</summary>
    Good,

    /// <summary>Somebody has used it, or its time is over.</summary>
    Spent,

    /// <summary>There is no room to remember that it is used. It may be good later.</summary>
    NoRoom,
}

/// <summary>
/// Which tokens for one session only (<c>jti</c>, RFC 7519 section 4.1.7) were used already. It remembers each until it has expired, and none that has not
/// is forgotten for another: then it could be used again. Only who has signed tokens can fill it, and while it is full new ones have to wait. A session that
/// proves its former one does not use its token again, so whoever resumes is not asked here. Other servers do not know of it,
/// nor does this one after a restart.
/// </summary>
internal sealed class UsedCredentials
{
    public const int Capacity = 100_000;

    // Clocks are read by many threads before they get here, and can be set back a little.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new(); // Guards both fields below.
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> _byExpiry = new();

    /// <param name="id"><see cref="Identity.CredentialId"/>.</param>
    /// <param name="expiresAt"><see cref="Identity.ExpiresAt"/>, after which no token with this id is taken.</param>
    public CredentialUse Use(string id, DateTimeOffset expiresAt, DateTimeOffset now)
    {
        lock (_lock)
        {
            while (_byExpiry.TryPeek(out var oldest, out var end) && end <= now - Margin)
            {
                _used.Remove(oldest);
                _byExpiry.Dequeue();
            }

            if (expiresAt <= now || _used.Contains(id))
                return CredentialUse.Spent;
            if (_used.Count == Capacity)
                return CredentialUse.NoRoom;

            _used.Add(id);
            _byExpiry.Enqueue(id, expiresAt);
            return CredentialUse.Good;
        }
    }
}
