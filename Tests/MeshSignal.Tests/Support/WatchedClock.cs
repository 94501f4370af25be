using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;

namespace MeshSignal.Tests.Support;

/// <summary>The test's clock, seen by the server through this one: it tells when a wait begins, and its timers can be late, as real ones are.</summary>
internal sealed class WatchedClock : TimeProvider
{
    private readonly Channel<TimeSpan> _delays = Channel.CreateUnbounded<TimeSpan>();
    private FakeClock _clock = new();

    public TimeSpan TimersAreLateBy { get; init; }

    public override long TimestampFrequency => _clock.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => _clock.LocalTimeZone;

    public void Replace(IServiceCollection services, FakeClock clock)
    {
        _clock = clock;
        services.AddSingleton<TimeProvider>(this);
    }

    /// <summary>Waits until the server has begun one more wait that ends once, so that time may pass.</summary>
    public async Task WhenDelayBeginsAsync() => await _delays.Reader.ReadAsync().AsTask().WaitAsync(TestPeer.Timeout);

    public override long GetTimestamp() => _clock.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => _clock.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var isDelay = period <= TimeSpan.Zero && dueTime > TimeSpan.Zero;
        var timer = _clock.CreateTimer(callback, state, isDelay ? dueTime + TimersAreLateBy : dueTime, period);
        if (isDelay)
            _delays.Writer.TryWrite(dueTime);
        return timer;
    }
}
