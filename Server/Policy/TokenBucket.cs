using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Policy;

/// <summary>
/// A budget that fills again, so much a second and no more at once than its burst. The default value is full. The framework's TokenBucketRateLimiter takes the time from the
/// machine alone, where tests give theirs, and is too heavy to have several of in every session.
/// </summary>
internal struct TokenBucket
{
    private double _spent;
    private long _spentAt;

    /// <summary>Takes an amount if so much is there, and leaves the rest that is to be kept for others.</summary>
    /// <param name="retryAfter">How long it takes until there is enough; zero if there was.</param>
    public bool TryTake(double amount, RateOptions rate, TimeProvider time, out TimeSpan retryAfter, double kept = 0)
    {
        var now = time.GetTimestamp();
        _spent = Math.Max(0, _spent - (time.GetElapsedTime(_spentAt, now).TotalSeconds * rate.PerSecond));
        _spentAt = now;

        var missing = _spent + amount + kept - rate.Burst;
        retryAfter = missing <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(missing / rate.PerSecond);
        if (missing > 0)
            return false;

        _spent += amount;
        return true;
    }
}
