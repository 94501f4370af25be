using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

internal sealed class SlidingCountTests
{
    private readonly FakeClock _clock = new();

    [Test]
    public void The_limit_is_reached_by_so_many_within_the_window()
    {
        var count = New(limit: 3);
        Assert.That(new[] { count.Add(), count.Add(), count.Add(), count.Add() }, Is.EqualTo([false, false, true, true]));
    }

    [Test]
    public void What_is_older_than_the_window_does_not_count()
    {
        var count = New(limit: 3);
        count.Add();
        count.Add();
        Pass(10);
        Assert.That(new[] { count.Add(), count.Add(), count.Add() }, Is.EqualTo([false, false, true]));
    }

    [Test]
    public void The_window_slides_and_does_not_jump()
    {
        var count = New(limit: 2);
        count.Add();
        Pass(9);
        Assert.That(count.Add());
        Pass(1);
        Assert.That(count.Add(), "two within the last second");
        Pass(10);
        Assert.That(count.Add(), Is.False);
    }

    [Test]
    public void Beyond_the_limit_it_says_how_long_to_wait()
    {
        var count = New(limit: 2);
        Assert.That(count.TryAdd(out var wait));
        Assert.That(wait, Is.EqualTo(TimeSpan.Zero));
        Pass(4);
        Assert.That(count.TryAdd(out _));
        Pass(1);
        Assert.That(count.TryAdd(out wait), Is.False);
        Assert.That(wait, Is.EqualTo(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public void Who_waits_as_long_as_told_may_go_on()
    {
        var count = New(limit: 1);
        count.TryAdd(out _);
        Pass(3);
        count.TryAdd(out var wait);
        _clock.Advance(wait - TimeSpan.FromTicks(1));
        Assert.That(count.TryAdd(out _), Is.False);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(count.TryAdd(out _));
    }

    [Test]
    public void What_was_refused_does_not_count()
    {
        var count = New(limit: 1);
        count.TryAdd(out _);
        for (var i = 0; i < 9; i++)
        {
            Pass(1);
            Assert.That(count.TryAdd(out _), Is.False);
        }

        Pass(1);
        Assert.That(count.TryAdd(out _));
    }

    private SlidingCount New(int limit) => new(limit, TimeSpan.FromSeconds(10), _clock);

    private void Pass(int seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));
}
