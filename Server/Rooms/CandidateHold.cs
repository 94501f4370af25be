using MeshSignal.Protocol;

namespace MeshSignal.Server.Rooms;

/// <summary>A candidate that waits for a description.</summary>
internal readonly record struct HeldCandidate(CandidateMessage Message, long HeldAt)
{
    public int Length => Message.Candidate.Utf8.Length;
}

/// <summary>
/// What one peer has sent to one other, as far as the order of candidates depends on it: no candidate ever comes before its sender's first description,
/// because its receiver could do nothing with it (W3C webrtc-pc: addIceCandidate fails without a remote description). Guarded by the room's lock.
/// </summary>
internal sealed class CandidateHold
{
    /// <summary>More than any browser gathers for one description.</summary>
    public const int MaxCandidates = 64;

    /// <summary>Of all that are held for one other peer. A candidate has a few hundred bytes; one message may have as many as this.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Candidates older than this belong to an attempt that has failed.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);

    private readonly List<HeldCandidate> _held = [];
    private int _bytes;

    /// <summary>The sender has sent an offer or an answer.</summary>
    public bool IsDescribed { get; private set; }

    /// <summary>The sender's last offer has had no answer.</summary>
    public bool IsOfferOpen { get; private set; }

    public bool IsEmpty => _held.Count == 0;

    public void Offered() => (IsDescribed, IsOfferOpen) = (true, true);

    /// <summary>The sender has answered the other's offer.</summary>
    public void Answered() => IsDescribed = true;

    /// <summary>The sender's offer was answered, or is void.</summary>
    public void OfferClosed() => IsOfferOpen = false;

    public bool MustHold(bool buffer) => !IsDescribed || (buffer && IsOfferOpen);

    /// <summary>Holds one more. Gives those that had to go for it, the oldest first.</summary>
    public IReadOnlyList<HeldCandidate> Add(HeldCandidate candidate)
    {
        List<HeldCandidate> gone = [];
        while (_held.Count == MaxCandidates || (_bytes + candidate.Length > MaxBytes && !IsEmpty))
        {
            gone.Add(_held[0]);
            _bytes -= _held[0].Length;
            _held.RemoveAt(0);
        }

        _held.Add(candidate);
        _bytes += candidate.Length;
        return gone;
    }

    /// <summary>Those that need not be held any more, in the order they came.</summary>
    public IReadOnlyList<HeldCandidate> TakeReleased() => Take(held => !MustHold(held.Message.Buffer));

    public IReadOnlyList<HeldCandidate> TakeExpired(TimeProvider time) => Take(held => time.GetElapsedTime(held.HeldAt) > MaxAge);

    /// <summary>That much time does not count: one of the two was away.</summary>
    public void Postpone(long from, long until)
    {
        for (var i = 0; i < _held.Count; i++)
            _held[i] = _held[i] with { HeldAt = _held[i].HeldAt + Math.Max(0, until - Math.Max(_held[i].HeldAt, from)) };
    }

    public IReadOnlyList<HeldCandidate> TakeAll() => Take(static _ => true);

    private List<HeldCandidate> Take(Func<HeldCandidate, bool> isWanted)
    {
        if (IsEmpty)
            return [];

        var taken = _held.FindAll(held => isWanted(held));
        _held.RemoveAll(held => isWanted(held));
        _bytes -= taken.Sum(held => held.Length);
        return taken;
    }
}
