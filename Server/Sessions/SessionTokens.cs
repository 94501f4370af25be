namespace MeshSignal.Server.Sessions;

/// <summary>What a token is to a session that has issued it.</summary>
internal enum TokenStanding
{
    /// <summary>In force.</summary>
    Good,

    /// <summary>It was in force until a later one was used. Whoever shows it now is not the one who got that.</summary>
    Retired,
}

/// <summary>
/// The tokens of one session. Each resume gives a new one; the former stays good until the new one is seen, because the answer that brings it may be lost.
/// Guarded by the session's turn.
/// </summary>
internal sealed class SessionTokens
{
    // A client rotates once for each socket that it loses. Older ones are as unknown as any other.
    private const int MostRemembered = 16;

    private readonly Queue<TokenHash> _issued = new();
    private SessionToken? _former;

    public SessionTokens()
    {
        Current = SessionToken.New();
        _issued.Enqueue(Current.Hash);
    }

    public SessionToken Current { get; private set; }

    /// <summary>Whether one of them was ever shown. Until then nobody may know it: the socket can have been lost before the first was read.</summary>
    public bool IsSeen { get; private set; }

    /// <summary>All that are known as this session's.</summary>
    public IReadOnlyCollection<TokenHash> All => _issued;

    /// <summary>Whether a message may bear it. With the first that bears the new one, the former is over.</summary>
    public bool Accept(ReadOnlySpan<byte> token)
    {
        var isCurrent = Current.Matches(token);
        if (!isCurrent && _former?.Matches(token) != true)
            return false;

        if (isCurrent)
            _former = null;
        IsSeen = true;
        return true;
    }

    public TokenStanding StandingOf(TokenHash token) => token == Current.Hash || token == _former?.Hash ? TokenStanding.Good : TokenStanding.Retired;

    /// <summary>Issues a new one to whoever has shown this one, which stays good for now. An unconfirmed one in between is over. Gives one that is to be forgotten, if any.</summary>
    public TokenHash? Rotate(TokenHash shown)
    {
        IsSeen = true;
        if (shown == Current.Hash)
            _former = Current;
        Current = SessionToken.New();
        _issued.Enqueue(Current.Hash);
        if (_issued.Count <= MostRemembered)
            return null;

        var oldest = _issued.Dequeue();
        if (oldest != _former?.Hash)
            return oldest;

        // Still good, however often the answer was lost.
        _issued.Enqueue(oldest);
        return _issued.Dequeue();
    }
}
