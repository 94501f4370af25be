namespace MeshSignal.Server.Sessions;

/// <summary>Counts events within a window of time, up to a limit.</summary>
internal sealed class SlidingCount(int limit, TimeSpan window, TimeProvider time)
{
    private readonly Queue<long> _events = new();

    /// <summary>Counts one more. True if the limit is now reached: so many of them fell into the window.</summary>
    public bool Add()
    {
        Forget();
        _events.Enqueue(time.GetTimestamp());
        if (_events.Count > limit)
            _events.Dequeue();
        return _events.Count == limit;
    }

    /// <summary>Counts one more if it stays within the limit. Otherwise says how long it takes until one would.</summary>
    public bool TryAdd(out TimeSpan retryAfter)
    {
        Forget();
        retryAfter = _events.Count < limit ? TimeSpan.Zero : window - time.GetElapsedTime(_events.Peek());
        if (_events.Count == limit)
            return false;

        _events.Enqueue(time.GetTimestamp());
        return true;
    }

    private void Forget()
    {
        while (_events.TryPeek(out var oldest) && time.GetElapsedTime(oldest) >= window)
            _events.Dequeue();
    }
}
