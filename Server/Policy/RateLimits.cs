using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Policy;

/// <summary>
/// How much one session may send: budgets for descriptions, for candidates and for everything else, so that a burst of one does not shut out the others, and one for the
/// bytes of all. Chat has its own (<see cref="Chat.ChatMember.Rate"/>). Guarded by the session's turn.
/// </summary>
internal sealed class RateLimits(LimitOptions limits, TimeProvider time)
{
    /// <summary>How long a client may go on above its budgets. Then it is none that only had a lot to say.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // So long without a refusal, and it has slowed down.
    private static readonly TimeSpan Lull = TimeSpan.FromSeconds(1);

    // To refuse costs nearly as much as to deliver. After so many in a second nothing more is read until that is over: the rest waits at the sender.
    private const int MostRefusals = 50;

    private readonly RateOptions _bytesRate = new(limits.BytesPerSecond, limits.BytesBurst);

    // Of everything else so many may be joins, 1 a second and 10 at once by default: somebody who looks for rooms by their names tries many, and every other client a few.
    private readonly RateOptions _joinRate = new(Math.Max(1, limits.Other.PerSecond / 20), Math.Max(1, limits.Other.Burst / 6));
    private TokenBucket _descriptions;
    private TokenBucket _candidates;
    private TokenBucket _other;
    private TokenBucket _joins;
    private TokenBucket _bytes;
    private long? _refusedSince;
    private long _lastRefusedAt;
    private long _secondBeganAt;
    private int _refusedInSecond;
    private TimeSpan _pauseGiven;

    /// <summary>It was above its budgets without a lull for all our <see cref="Patience"/>.</summary>
    public bool IsFlooding => _refusedSince is { } since && time.GetElapsedTime(since) >= Patience;

    /// <summary>How long to read nothing more; zero if there is no need.</summary>
    public TimeSpan Pause
    {
        get
        {
            var left = _refusedInSecond < MostRefusals || limits.DryRun ? TimeSpan.Zero : Lull - time.GetElapsedTime(_secondBeganAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>False if a message is too much, and may come again later.</summary>
    /// <param name="message">Null if it could not be read.</param>
    public bool TryTake(ClientMessage? message, int bytes, out TimeSpan retryAfter)
    {
        // Both, also when the first has refused: what has come in has come in.
        var mayPass = _bytes.TryTake(bytes, _bytesRate, time, out retryAfter) & TryTakeOne(message, out var retryAfterOthers);
        if (retryAfterOthers > retryAfter)
            retryAfter = retryAfterOthers;
        return mayPass;
    }

    /// <summary>Counts one that was refused because it was too much, by this or another limit. True for the first after a lull.</summary>
    public bool Refused()
    {
        // While we did not read, nothing could be refused: that does not count.
        var quiet = time.GetElapsedTime(_lastRefusedAt) - _pauseGiven;
        var isFirst = _refusedSince is null || quiet > Lull;
        _lastRefusedAt = time.GetTimestamp();
        if (isFirst)
            _refusedSince = _lastRefusedAt;

        if (time.GetElapsedTime(_secondBeganAt) >= Lull)
            (_secondBeganAt, _refusedInSecond) = (_lastRefusedAt, 0);
        _refusedInSecond++;
        _pauseGiven = Pause;
        return isFirst;
    }

    private bool TryTakeOne(ClientMessage? message, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        return message switch
        {
            OfferMessage or AnswerMessage => _descriptions.TryTake(1, limits.Descriptions, time, out retryAfter),

            // What simple-peer and others emit is mostly candidates.
            CandidateMessage or SignalMessage => _candidates.TryTake(1, limits.Candidates, time, out retryAfter),
            ChatMessage => true,

            // Refused or not, and whether or not somebody is in the room.
            JoinMessage => _other.TryTake(1, limits.Other, time, out retryAfter) && _joins.TryTake(1, _joinRate, time, out retryAfter),

            // The first to go: nobody misses it, and what else shares this budget is needed for a call.
            TypingMessage => _other.TryTake(1, limits.Other, time, out retryAfter, kept: limits.Other.Burst / 2.0),
            _ => _other.TryTake(1, limits.Other, time, out retryAfter),
        };
    }
}
