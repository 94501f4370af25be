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
/// is forgotten for another: then it could be used again. While it is full new ones have to wait. There is no limit for each subject: each entry is a token that the
/// operator's system has signed and that opened a session, so one account fills it only if that system signs a hundred thousand for it that are good at the same time.
/// Whoever limits those, and how long they are good, has limited this. A session that proves its former one does not use its token again, so whoever resumes is not asked here.
/// Other servers do not know of it, nor does this one after a restart.
/// </summary>
internal sealed class UsedCredentials
{
    public const int Capacity = 100_000;

    // Clocks are read by many threads before they get here, and can be set back a little.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new(); // Guards both fields below.
    private readonly Dictionary<string, DateTimeOffset> _used = new(StringComparer.Ordinal);
    private readonly SortedSet<(DateTimeOffset End, string Id)> _byExpiry = new(Comparer<(DateTimeOffset End, string Id)>.Create(
        static (one, other) => one.End != other.End ? one.End.CompareTo(other.End) : string.CompareOrdinal(one.Id, other.Id)));

    /// <param name="id"><see cref="Identity.CredentialId"/>.</param>
    /// <param name="expiresAt"><see cref="Identity.ExpiresAt"/>, after which no token with this id is taken.</param>
    public CredentialUse Use(string id, DateTimeOffset expiresAt, DateTimeOffset now)
    {
        lock (_lock)
        {
            while (_byExpiry.Count > 0 && _byExpiry.Min.End <= now - Margin)
                Remove(_byExpiry.Min.Id);

            if (expiresAt <= now || _used.ContainsKey(id))
                return CredentialUse.Spent;
            if (_used.Count == Capacity)
                return CredentialUse.NoRoom;

            _used.Add(id, expiresAt);
            _byExpiry.Add((expiresAt, id));
            return CredentialUse.Good;
        }
    }

    /// <summary>For whoever was told that it is good, once, if nothing came of it.</summary>
    public void GiveBack(string id)
    {
        lock (_lock)
            Remove(id);
    }

    private void Remove(string id)
    {
        if (_used.Remove(id, out var end))
            _byExpiry.Remove((end, id));
    }
}
