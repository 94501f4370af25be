using MeshSignal.Server.Moderation;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Moderation;

/// <summary>Whom a list of bans keeps out, and for how long.</summary>
internal sealed class BanListTests
{
    private readonly FakeClock _clock = new();

    [Test]
    public void A_ban_is_found_by_each_of_its_marks_and_by_no_other()
    {
        var list = Bans.Open(_clock);
        var ban = Bans.Of("user-1", "Alice", "192.0.2.1");
        Assert.That(list.TryAdd(ban), Is.True);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(list.Find("user-1", Valid.Name("Bob"), null), Is.EqualTo(ban));
            Assert.That(list.Find("user-2", Valid.Name("Alice"), null), Is.EqualTo(ban));
            Assert.That(list.Find(null, Valid.Name("Bob"), Bans.Address("192.0.2.1")), Is.EqualTo(ban));
            Assert.That(list.Find("user-2", Valid.Name("Bob"), Bans.Address("192.0.2.2")), Is.Null);
            Assert.That(list.Find("USER-1", null, null), Is.Null);
            Assert.That(list.Find(null, null, null), Is.Null);
        }
    }

    [TestCase("alice")]
    [TestCase("A1ICE")]
    [TestCase("AIice")]
    public void Look_alikes_of_a_name_are_meant_too(string lookAlike)
    {
        var list = Bans.Open(_clock);
        list.TryAdd(Bans.Of(name: "Alice"));
        Assert.That(list.Find(null, Valid.Name(lookAlike), null), Is.Not.Null);
    }

    [TestCase("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [TestCase("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [TestCase("192.0.2.1", "::ffff:192.0.2.1", true)]
    [TestCase("192.0.2.1", "192.0.2.2", false)]
    public void An_address_of_IPv6_stands_for_its_network(string banned, string other, bool isMeant)
    {
        var list = Bans.Open(_clock);
        list.TryAdd(Bans.Of(address: banned));
        Assert.That(list.Find(null, null, Bans.Address(other)) is not null, Is.EqualTo(isMeant));
    }

    [Test]
    public void A_ban_ends_at_its_time_and_not_before()
    {
        var list = Bans.Open(_clock);
        list.TryAdd(Bans.Of("user-1", lasts: TimeSpan.FromMinutes(1)));

        _clock.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1));
        Assert.That((list.Find("user-1", null, null) is not null, list.All.Count), Is.EqualTo((true, 1)));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.That((list.Find("user-1", null, null), list.All.Count), Is.EqualTo(((Ban?)null, 0)));
    }

    [TestCase(1, 60)]
    [TestCase(60, 1)]
    [TestCase(1, null)]
    [TestCase(null, 1)]
    public void Of_several_on_one_mark_the_longest_counts_until_it_is_taken_back(int? first, int? second)
    {
        var list = Bans.Open(_clock);
        var (one, other) = (Lasting(first), Lasting(second));
        list.TryAdd(one);
        list.TryAdd(other);

        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.That(list.Find(null, Valid.Name("Alice"), null), Is.Not.Null);
        list.Remove(ban => ban.ExpiresAt is null || ban.ExpiresAt > _clock.GetUtcNow());
        Assert.That(list.Find(null, Valid.Name("Alice"), null), Is.Null);

        static Ban Lasting(int? minutes) => Bans.Of(name: "Alice", lasts: minutes is { } value ? TimeSpan.FromMinutes(value) : null);
    }

    [Test]
    public void Taking_one_back_leaves_the_others_on_the_same_mark_in_force()
    {
        var list = Bans.Open(_clock);
        var (longer, shorter) = (Bans.Of("user-1"), Bans.Of("user-1", lasts: TimeSpan.FromMinutes(1)));
        list.TryAdd(longer);
        list.TryAdd(shorter);

        Assert.That(list.Remove(ban => ban.Id == longer.Id), Is.EqualTo([longer]));

        Assert.That(list.Find("user-1", null, null), Is.EqualTo(shorter));
        Assert.That(list.Remove(ban => ban.Id == longer.Id), Is.Empty);
    }

    [Test]
    public void A_full_list_takes_no_more_until_one_has_expired()
    {
        var list = Bans.Open(_clock);
        for (var i = 0; i < BanList.MaxBans; i++)
            Assert.That(list.TryAdd(Bans.Of($"user-{i}", lasts: i == 0 ? TimeSpan.FromMinutes(1) : null)), Is.True);

        Assert.That(list.TryAdd(Bans.Of("one-more")), Is.False);
        Assert.That(list.Find("one-more", null, null), Is.Null);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That(list.TryAdd(Bans.Of("one-more")), Is.True);
        Assert.That(list.All, Has.Count.EqualTo(BanList.MaxBans));
    }

    [Test]
    public async Task Many_at_once_lose_no_ban_and_write_whole_files()
    {
        using var folder = new TemporaryFolder();
        var list = Bans.Open(_clock, folder.PathOf("bans.json"));
        const int Each = 40;

        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                Assert.That(list.TryAdd(Bans.Of($"user-{writer}-{i}")), Is.True);
                Assert.That(list.Find($"user-{writer}-{i}", null, null), Is.Not.Null);
                Assert.That(await list.SaveAsync(), Is.True);
                Assert.That(Bans.Open(_clock, folder.PathOf("bans.json")).Find($"user-{writer}-{i}", null, null), Is.Not.Null, "what was saved can be read");
                if (i % 2 == 0)
                    Assert.That(list.Remove(ban => ban.Subject == $"user-{writer}-{i}"), Has.Count.EqualTo(1));
            }
        }));
        await Task.WhenAll(writers).WaitAsync(TestPeer.Timeout);
        await list.SaveAsync();

        var expected = Enumerable.Range(0, 8).SelectMany(writer => Enumerable.Range(0, Each).Where(i => i % 2 == 1).Select(i => $"user-{writer}-{i}"));
        Assert.That(Bans.Open(_clock, folder.PathOf("bans.json")).All.Select(ban => ban.Subject), Is.EquivalentTo(expected));
    }
}
