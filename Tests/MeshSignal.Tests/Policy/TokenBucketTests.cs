using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Policy;

internal sealed class TokenBucketTests
{
    private readonly FakeClock _clock = new();
    private readonly RateOptions _rate = new(10, 20);
    private TokenBucket _bucket;

    [Test]
    public void A_burst_passes_and_one_more_has_to_wait_as_long_as_it_says()
    {
        Assert.That(Enumerable.Range(0, 20).All(_ => TryTake(1, out var _)));

        Assert.That(TryTake(1, out var wait), Is.False);
        Assert.That(wait, Is.EqualTo(TimeSpan.FromMilliseconds(100)));
        _clock.Advance(wait - TimeSpan.FromTicks(1));
        Assert.That(TryTake(1, out _), Is.False, "too soon");
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(TryTake(1, out _));
    }

    [Test]
    public void It_never_holds_more_than_its_burst()
    {
        _clock.Advance(TimeSpan.FromHours(1));
        TryTake(1, out _);
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.That(Enumerable.Range(0, 40).Count(_ => TryTake(1, out var _)), Is.EqualTo(20));
    }

    [Test]
    public void What_was_refused_costs_nothing()
    {
        Assert.That(TryTake(21, out var wait), Is.False);
        Assert.That(wait, Is.EqualTo(TimeSpan.FromMilliseconds(100)));
        Assert.That(TryTake(20, out _));
    }

    [Test]
    public void What_is_kept_for_others_is_left()
    {
        Assert.That(Enumerable.Range(0, 40).Count(_ => TryTake(1, out var _, kept: 10)), Is.EqualTo(10));
        Assert.That(Enumerable.Range(0, 40).Count(_ => TryTake(1, out var _)), Is.EqualTo(10));
    }

    private bool TryTake(double amount, out TimeSpan wait, double kept = 0) => _bucket.TryTake(amount, _rate, _clock, out wait, kept);
}
