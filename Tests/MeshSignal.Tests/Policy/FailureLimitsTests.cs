using System.Net;
using MeshSignal.Server.Policy;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Policy;

internal sealed class FailureLimitsTests
{
    private static readonly ClientAddress Alice = Address(1);

    private readonly FakeClock _clock = new();

    [Test]
    public void Each_failure_waits_twice_as_long_as_the_one_before_up_to_25_seconds()
    {
        var limits = new FailureLimits(_clock);
        Assert.That(Enumerable.Range(0, 12).Select(_ => limits.Add(Alice).TotalMilliseconds),
            Is.EqualTo([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_000, 25_000, 25_000, 25_000]));
    }

    [Test]
    public void After_ten_failures_all_is_refused_until_the_first_of_them_is_half_an_hour_old()
    {
        var limits = new FailureLimits(_clock);
        for (var i = 0; i < FailureLimits.MostFailures; i++)
        {
            Assert.That(limits.IsBlocked(Alice), Is.False, $"{i}");
            limits.Add(Alice);
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.That((limits.IsBlocked(Alice), limits.IsBlocked(Address(2))), Is.EqualTo((true, false)));
        _clock.Advance(TimeSpan.FromMinutes(20) - TimeSpan.FromTicks(1));
        Assert.That(limits.IsBlocked(Alice), Is.True);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(limits.IsBlocked(Alice), Is.False);
        limits.Add(Alice);
        Assert.That(limits.IsBlocked(Alice), Is.True, "nine others are younger");
    }

    [Test]
    public void Failures_under_way_when_the_tenth_was_counted_prolong_it_and_take_no_more_room()
    {
        var limits = new FailureLimits(_clock);
        for (var i = 0; i < 1000; i++)
            limits.Add(Alice);
        _clock.Advance(TimeSpan.FromMinutes(29));
        limits.Add(Alice);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That((limits.IsBlocked(Alice), limits.Addresses), Is.EqualTo((false, 1)));
    }

    [Test]
    public void An_address_is_forgotten_half_an_hour_after_its_last_failure()
    {
        var limits = new FailureLimits(_clock);
        limits.Add(Alice);
        limits.Add(Address(2));
        _clock.Advance(TimeSpan.FromMinutes(29));
        limits.Add(Alice);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That(limits.Addresses, Is.EqualTo(1));
        Assert.That(limits.Add(Alice).TotalMilliseconds, Is.EqualTo(200));
        _clock.Advance(TimeSpan.FromMinutes(30));
        Assert.That(limits.Addresses, Is.Zero);
        Assert.That(limits.Add(Alice).TotalMilliseconds, Is.EqualTo(100));
    }

    [Test]
    public void Of_more_addresses_than_can_be_remembered_the_one_with_the_longest_quiet_goes()
    {
        var limits = new FailureLimits(_clock, mostAddresses: 3);
        for (var i = 1; i <= 3; i++)
            Fail(limits, Address(i));
        limits.Add(Alice);
        limits.Add(Address(4));
        Assert.That(Enumerable.Range(1, 4).Select(i => limits.IsBlocked(Address(i))), Is.EqualTo([true, false, true, false]));
        Assert.That(limits.Addresses, Is.EqualTo(3));
    }

    [Test]
    public void Whose_address_is_not_limited_never_waits()
    {
        var limits = new FailureLimits(_clock);
        for (var i = 0; i < 20; i++)
            Assert.That((limits.Add(null), limits.IsBlocked(null)), Is.EqualTo((TimeSpan.Zero, false)));
        Assert.That(limits.Addresses, Is.Zero);
    }

    private static void Fail(FailureLimits limits, ClientAddress address)
    {
        for (var i = 0; i < FailureLimits.MostFailures; i++)
            limits.Add(address);
    }

    private static ClientAddress Address(int last) => new(IPAddress.Parse($"192.0.2.{last}"));
}
