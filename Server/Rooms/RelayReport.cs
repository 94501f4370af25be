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

    // Those for whom candidates are being gathered, and whether one of them was of use.
    private readonly Dictionary<Peer, bool> _gathering = [];
    private int _dropped;
    private RelayReasons _reasons;
    private long? _toldAt;
    private long? _firstDroppedAt;
    private bool _hadUsable;

    /// <summary>Takes note of what was found in a message. True if that was the end of candidates for the other peer, and none of them was of use.</summary>
    public bool Follow(Peer other, RelayFindings findings)
    {
        var hadUsable = _gathering.TryGetValue(other, out var usable) && usable;
        var isGathering = _gathering.ContainsKey(other) || findings.IsDescription || findings.Dropped + findings.Usable > 0;
        hadUsable |= findings.Usable > 0;
        _hadUsable |= findings.Usable > 0;
        if (findings.Dropped > 0)
            _firstDroppedAt ??= time.GetTimestamp();

        // A second end behind the first, one for each media section and one for all, tells nothing new.
        if (findings.IsEnd)
            _gathering.Remove(other);
        else if (isGathering)
            _gathering[other] = hadUsable;
        return findings.IsEnd && isGathering && !hadUsable;
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
    public bool FoundNoRelay => !_hadUsable && _firstDroppedAt is { } firstDroppedAt && time.GetElapsedTime(firstDroppedAt) >= Interval;

    /// <summary>A peer that does not know the codes is told once that it has no relay.</summary>
    public bool IsLegacyPeerTold { get; set; }

    public void Forget(Peer other) => _gathering.Remove(other);
}
