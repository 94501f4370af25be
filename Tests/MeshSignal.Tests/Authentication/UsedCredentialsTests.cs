using MeshSignal.Server.Authentication;
using static MeshSignal.Tests.Authentication.Tokens;

namespace MeshSignal.Tests.Authentication;

/// <summary>Tokens that are good once.</summary>
internal sealed class UsedCredentialsTests
{
    private static readonly DateTimeOffset Expiry = Now.AddMinutes(5);

    private readonly UsedCredentials _used = new();

    [Test]
    public void An_id_is_good_once()
    {
        Assert.That(new[] { "a", "b", "a", "A" }.Select(id => _used.Use(id, Expiry, Now)),
            Is.EqualTo([CredentialUse.Good, CredentialUse.Good, CredentialUse.Spent, CredentialUse.Good]));
        Assert.That(_used.Use("b", Expiry.AddDays(1), Now), Is.EqualTo(CredentialUse.Spent));
    }

    /// <summary>As long as a token is taken, that it was used is known; also by who asks with a clock that was read a little earlier.</summary>
    [Test]
    public void It_is_not_forgotten_while_its_token_is_good()
    {
        _used.Use("a", Expiry, Now);
        _used.Use("b", Expiry.AddHours(1), Expiry.AddSeconds(59));
        Assert.That(_used.Use("a", Expiry, Expiry.AddTicks(-1)), Is.EqualTo(CredentialUse.Spent));
    }

    [Test]
    public void A_token_whose_time_is_over_is_spent() =>
        Assert.That(
            new[] { -1, 0, 1 }.Select(ticks => _used.Use($"{ticks}", Expiry, Expiry.AddTicks(ticks))),
            Is.EqualTo([CredentialUse.Good, CredentialUse.Spent, CredentialUse.Spent]));

    [Test]
    public void When_it_is_full_new_ones_wait_and_none_that_is_good_is_forgotten()
    {
        for (var i = 0; i < UsedCredentials.Capacity; i++)
            Assert.That(_used.Use($"{i}", Expiry.AddSeconds(i % 2), Now), Is.EqualTo(CredentialUse.Good));

        Assert.That(_used.Use("new", Expiry, Now), Is.EqualTo(CredentialUse.NoRoom));
        Assert.That((_used.Use("0", Expiry, Now), _used.Use("1", Expiry, Now)), Is.EqualTo((CredentialUse.Spent, CredentialUse.Spent)));

        // The first half of them is over.
        var later = Expiry.AddMinutes(1);
        for (var i = 0; i < UsedCredentials.Capacity / 2; i++)
            Assert.That(_used.Use($"new {i}", later.AddHours(1), later), Is.EqualTo(CredentialUse.Good));
        Assert.That(_used.Use("new", later.AddHours(1), later), Is.EqualTo(CredentialUse.NoRoom));
    }

    [Test]
    public void One_that_is_given_back_is_good_once_more_and_takes_no_room()
    {
        for (var i = 0; i < 2 * UsedCredentials.Capacity; i++)
        {
            Assert.That(_used.Use("a", Expiry.AddSeconds(i % 2), Now), Is.EqualTo(CredentialUse.Good));
            _used.GiveBack("a");
        }

        Assert.That(new[] { "a", "a", "b" }.Select(id => _used.Use(id, Expiry.AddHours(1), Now)), Is.EqualTo([CredentialUse.Good, CredentialUse.Spent, CredentialUse.Good]));
        Assert.That(_used.Use("a", Expiry.AddHours(1), Expiry.AddMinutes(30)), Is.EqualTo(CredentialUse.Spent), "its end is that of the token that was used");
        _used.GiveBack("never used");
    }

    [Test]
    public void Of_many_who_use_and_give_back_at_once_none_has_it_beside_another()
    {
        var (holders, most) = (0, 0);
        Parallel.For(0, 10_000, _ =>
        {
            if (_used.Use("a", Expiry, Now) != CredentialUse.Good)
                return;
            InterlockedMax(ref most, Interlocked.Increment(ref holders));
            Interlocked.Decrement(ref holders);
            _used.GiveBack("a");
        });
        Assert.That(most, Is.EqualTo(1));

        static void InterlockedMax(ref int max, int value)
        {
            for (var seen = Volatile.Read(ref max); value > seen; seen = Volatile.Read(ref max))
                Interlocked.CompareExchange(ref max, value, seen);
        }
    }

    [Test]
    public void Of_many_at_once_one_is_the_first()
    {
        var good = 0;
        Parallel.For(0, 1000, i =>
        {
            if (_used.Use($"{i % 10}", Expiry, Now) == CredentialUse.Good)
                Interlocked.Increment(ref good);
        });
        Assert.That(good, Is.EqualTo(10));
    }
}
