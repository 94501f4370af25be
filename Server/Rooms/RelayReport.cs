using MeshSignal.Server.Ice;

namespace MeshSignal.Server.Rooms;

/// <summary>
/// What the relay policy has kept back of one peer's messages, until the peer is told: candidates come by the dozen, so they are counted and told together.
/// Guarded by the room's lock.
/// </summary>
internal sealed class RelayReport(TimeProvider time)
{
    /// <summary>Between two that are told.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Dictionary<Peer, Round> _rounds = [];
    private int _dropped;
    private RelayReasons _reasons;
    private long? _toldAt;
    private long? _firstDroppedAt;
    private bool _hasRelay;

    /// <summary>Takes note of what was found in a message. True if that was the end of candidates for the other peer, and none of them was of use.</summary>
    public bool Follow(Peer other, RelayFindings findings)
    {
        _hasRelay |= findings.Usable > 0;
        var isKnown = _rounds.TryGetValue(other, out var round);
        if (!isKnown && !findings.IsDescription && findings.Dropped + findings.Usable == 0)
            return false; // An end without a beginning.

        // Candidates may come before their description. After an end there may be further ends, one for each media section, and stragglers: they tell nothing new.
        if (round.IsOver && findings.IsDescription)
            round = default;
        if (findings.Dropped > 0 && !round.IsOver)
            _firstDroppedAt ??= time.GetTimestamp();
        var isEnd = findings.IsEnd && !round.IsOver;
        round = new Round(round.HasRelay || findings.Usable > 0, round.IsOver || findings.IsEnd);
        _rounds[other] = round;
        return isEnd && !round.HasRelay;
    }

    /// <summary>Counts candidates that their sender has not been told of.</summary>
    public void Add(RelayFindings findings)
    {
        _dropped += findings.Dropped;
        _reasons |= findings.Reasons;
    }

    /// <summary>What is to be told now, if anything is.</summary>
    public bool TryTake(out int dropped, out RelayReasons reasons)
    {
        (dropped, reasons) = (_dropped, _reasons);
        if (_dropped == 0 || (_toldAt is { } toldAt && time.GetElapsedTime(toldAt) < Interval))
            return false;

        (_dropped, _reasons, _toldAt) = (0, RelayReasons.None, time.GetTimestamp());
        return true;
    }

    /// <summary>Whether a peer has had its time to find a relay, and all that it found was of no use.</summary>
    public bool FoundNoRelay => !_hasRelay && _firstDroppedAt is { } firstDroppedAt && time.GetElapsedTime(firstDroppedAt) >= Interval;

    /// <summary>A peer that does not know the codes is told once that it has no relay.</summary>
    public bool IsLegacyPeerTold { get; set; }

    /// <summary>
    /// The policy has changed: what was found under the former one says nothing about this one. Of candidates that are being gathered we have not seen all, so for whom they are
    /// is judged from the next description on. What has been dropped is still told.
    /// </summary>
    /// <param name="described">Who has had a description.</param>
    public void BeginAnew(IEnumerable<Peer> described)
    {
        (_hasRelay, _firstDroppedAt) = (false, null);
        _rounds.Clear();
        foreach (var other in described)
            _rounds[other] = new Round(HasRelay: true, IsOver: true);
    }

    public void Forget(Peer other) => _rounds.Remove(other);

    /// <summary>The candidates for one other peer that are gathered together; a description begins the next ones.</summary>
    private readonly record struct Round(bool HasRelay, bool IsOver);
}
