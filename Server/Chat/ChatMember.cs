using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Chat;

/// <summary>A session's side of the chat.</summary>
/// <param name="isListening">Whether chat lines, notices, history and typing are sent to it.</param>
/// <param name="former">That of the session whose place this one takes: nobody gets round a limit by beginning anew.</param>
internal sealed class ChatMember(bool isListening, ChatOptions options, TimeProvider time, ChatMember? former = null)
{
    /// <summary>How long a block lasts.</summary>
    private static readonly TimeSpan BlockTime = TimeSpan.FromHours(12);

    private readonly Dictionary<SessionId, long> _blockedAt = []; // Guarded by the scope's lock: broadcasts read it.
    private long? _renamedAt = former?._renamedAt;

    public bool IsListening => isListening;

    /// <summary>What was said within the last second.</summary>
    public SlidingCount Rate { get; } = former?.Rate ?? new SlidingCount(options.MessagesPerSecond, TimeSpan.FromSeconds(1), time);

    /// <summary>How long until it may take another name; zero if it may now.</summary>
    public TimeSpan RenameWait
    {
        get
        {
            var wait = _renamedAt is { } at ? options.NickCooldown - time.GetElapsedTime(at) : TimeSpan.Zero;
            return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
        }
    }

    public void Renamed() => _renamedAt = time.GetTimestamp();

    public void Block(SessionId other)
    {
        foreach (var (blocked, _) in _blockedAt)
            if (!HasBlocked(blocked))
                _blockedAt.Remove(blocked); // Over, and its session probably too.

        _blockedAt[other] = time.GetTimestamp();
    }

    /// <summary>False if there was nothing to undo.</summary>
    public bool Unblock(SessionId other) => HasBlocked(other) && _blockedAt.Remove(other);

    public bool HasBlocked(SessionId other) =>
        _blockedAt.Count > 0 && _blockedAt.TryGetValue(other, out var at) && time.GetElapsedTime(at) < BlockTime;
}
