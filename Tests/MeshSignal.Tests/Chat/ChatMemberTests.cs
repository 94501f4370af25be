using MeshSignal.Server.Chat;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Chat;

internal sealed class ChatMemberTests
{
    private readonly FakeClock _clock = new();
    private readonly SessionId _other = SessionId.New();
    private readonly ChatMember _member;

    public ChatMemberTests() => _member = new ChatMember(isListening: true, new ChatOptions(), _clock);

    [Test]
    public void A_block_lasts_twelve_hours()
    {
        _member.Block(_other);
        _clock.Advance(TimeSpan.FromHours(12) - TimeSpan.FromTicks(1));
        Assert.That(_member.HasBlocked(_other));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(_member.HasBlocked(_other), Is.False);
    }

    [Test]
    public void Blocking_again_begins_the_time_anew()
    {
        _member.Block(_other);
        _clock.Advance(TimeSpan.FromHours(11));
        _member.Block(_other);
        _clock.Advance(TimeSpan.FromHours(11));
        Assert.That(_member.HasBlocked(_other));
    }

    [Test]
    public void A_block_is_of_one_session_and_can_be_lifted()
    {
        _member.Block(_other);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_member.HasBlocked(SessionId.New()), Is.False);
            Assert.That(_member.Unblock(SessionId.New()), Is.False);
            Assert.That(_member.Unblock(_other));
            Assert.That(_member.HasBlocked(_other), Is.False);
        }
    }

    [Test]
    public void Who_was_blocked_too_long_ago_is_not_blocked()
    {
        _member.Block(_other);
        _clock.Advance(TimeSpan.FromHours(12));
        Assert.That(_member.Unblock(_other), Is.False);
    }

    [Test]
    public void The_first_new_name_may_be_taken_at_once() => Assert.That(_member.RenameWait, Is.EqualTo(TimeSpan.Zero));

    [Test]
    public void The_next_one_after_thirty_seconds()
    {
        _member.Renamed();
        Assert.That(_member.RenameWait, Is.EqualTo(TimeSpan.FromSeconds(30)));
        _clock.Advance(TimeSpan.FromSeconds(12));
        Assert.That(_member.RenameWait, Is.EqualTo(TimeSpan.FromSeconds(18)));
        _clock.Advance(TimeSpan.FromSeconds(18));
        Assert.That(_member.RenameWait, Is.EqualTo(TimeSpan.Zero));
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.That(_member.RenameWait, Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Without_a_cooldown_there_is_no_wait()
    {
        var member = new ChatMember(isListening: true, new ChatOptions { NickCooldown = TimeSpan.Zero }, _clock);
        member.Renamed();
        Assert.That(member.RenameWait, Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Three_messages_a_second_may_be_said()
    {
        for (var i = 0; i < 3; i++)
            Assert.That(_member.Rate.TryAdd(out _));
        Assert.That(_member.Rate.TryAdd(out _), Is.False);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_member.Rate.TryAdd(out _));
    }
}
