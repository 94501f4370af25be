namespace MeshSignal.Tests.Support;

/// <summary>A clock that stands still until it is told how much time has passed. Timers that fall due run inside <see cref="Advance"/>, in their order.</summary>
internal sealed class FakeClock : TimeProvider
{
    private readonly Lock _lock = new(); // Guards all fields below.
    private readonly List<FakeTimer> _timers = [];
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan span)
    {
        var end = GetTimestamp() + span.Ticks;
        while (NextDue(end) is { } timer)
            timer.Run();
        Volatile.Write(ref _ticks, end);
    }

    /// <summary>Time in which the whole process stands still: what has fallen due runs late, once, and the periods between are missed.</summary>
    public void Stall(TimeSpan span)
    {
        var now = GetTimestamp() + span.Ticks;
        Volatile.Write(ref _ticks, now);
        FakeTimer[] late;
        lock (_lock)
        {
            late = [.. _timers.Where(timer => timer.DueAt <= now).OrderBy(timer => timer.DueAt)];
            foreach (var timer in late)
                if (timer.Period > TimeSpan.Zero)
                    timer.DueAt = now + timer.Period.Ticks;
                else
                    _timers.Remove(timer);
        }

        foreach (var timer in late)
            timer.Run();
    }

    private FakeTimer? NextDue(long end)
    {
        lock (_lock)
        {
            var next = _timers.Where(timer => timer.DueAt <= end).MinBy(timer => timer.DueAt);
            if (next is null)
                return null;

            Volatile.Write(ref _ticks, Math.Max(_ticks, next.DueAt));
            if (next.Period > TimeSpan.Zero)
                next.DueAt += next.Period.Ticks;
            else
                _timers.Remove(next);
            return next;
        }
    }

    private sealed class FakeTimer(FakeClock clock, Action callback) : ITimer
    {
        public long DueAt { get; set; }

        public TimeSpan Period { get; private set; }

        public void Run() => callback();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                Period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;

                DueAt = clock.GetTimestamp() + dueTime.Ticks;
                clock._timers.Add(this);
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._lock)
                clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
