using MeshSignal.Protocol;
using MeshSignal.Server.Transport.Kestrel;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>What depends on the time at which frames come: how many, for how long, and what counts as life.</summary>
internal sealed class FrameTimeTests
{
    private readonly FakeClock _clock = new();

    [Test]
    public void Ten_control_frames_a_second_may_come_for_ever()
    {
        var headers = New();
        for (var i = 0; i < 200; i++)
        {
            Assert.That(headers.Follow(Frame(Ping, 0)), Is.Null);
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }
    }

    [Test]
    public void A_spent_budget_of_control_frames_fills_by_one_each_tenth_of_a_second_and_up_to_twenty()
    {
        var headers = New();
        FollowPings(headers, 20);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        FollowPings(headers, 1);
        _clock.Advance(TimeSpan.FromHours(1));
        FollowPings(headers, 20);
        _clock.Advance(TimeSpan.FromMilliseconds(99));
        Assert.That(headers.Follow(Frame(Ping, 0))?.Code, Is.EqualTo(CloseCode.PolicyViolation));
    }

    [Test]
    public void A_message_in_fragments_may_take_ten_seconds()
    {
        var headers = New();
        headers.Follow(Frame(Text, 1, isFinal: false));
        _clock.Advance(FrameHeaders.MessageTime);
        Assert.That(headers.Follow(Frame(Continuation, 1)), Is.Null);
    }

    [Test]
    public void A_message_in_fragments_that_takes_longer_is_refused()
    {
        var headers = New();
        headers.Follow(Frame(Text, 1, isFinal: false));
        _clock.Advance(FrameHeaders.MessageTime);
        Assert.That(headers.Follow(Frame(Continuation, 1, isFinal: false)), Is.Null);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(headers.Follow(Frame(Continuation, 1))?.Code, Is.EqualTo(CloseCode.PolicyViolation));
    }

    [Test]
    public void Pings_do_not_keep_an_unfinished_message_alive()
    {
        var headers = New();
        headers.Follow(Frame(Text, 1, isFinal: false));
        FrameViolation? violation = null;
        for (var second = 0; second < 12; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            violation ??= headers.Follow(Frame(Ping, 0));
        }

        Assert.That(violation?.Code, Is.EqualTo(CloseCode.PolicyViolation));
    }

    [Test]
    public void The_time_between_messages_does_not_count()
    {
        var headers = New();
        headers.Follow([.. Frame(Text, 1, isFinal: false), .. Frame(Continuation, 1)]);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That(headers.Follow([.. Frame(Text, 1, isFinal: false), .. Frame(Continuation, 1)]), Is.Null);
    }

    [Test]
    public void Only_a_whole_frame_is_life()
    {
        var headers = New();
        var start = headers.LastFrameAt;
        var frame = Frame(Text, 200);
        foreach (var value in frame[..^1])
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            headers.Follow([value]);
            Assert.That(headers.LastFrameAt, Is.EqualTo(start));
        }

        headers.Follow(frame.AsSpan(^1..));
        Assert.That(headers.LastFrameAt, Is.EqualTo(_clock.GetTimestamp()));
    }

    [TestCase(Text, true)]
    [TestCase(Text, false)]
    [TestCase(Ping, true)]
    [TestCase(Pong, true)]
    [TestCase(Close, true)]
    public void Every_whole_frame_is_life_empty_ones_too(int opcode, bool isFinal)
    {
        var headers = New();
        _clock.Advance(TimeSpan.FromSeconds(3));
        headers.Follow(Frame(opcode, 0, isFinal));
        Assert.That(headers.LastFrameAt, Is.EqualTo(_clock.GetTimestamp()));
    }

    [Test]
    public void A_frame_that_breaks_a_rule_is_no_life()
    {
        var headers = New();
        var start = headers.LastFrameAt;
        _clock.Advance(TimeSpan.FromSeconds(3));
        headers.Follow(Frame(Text, 0, isMasked: false));
        Assert.That(headers.LastFrameAt, Is.EqualTo(start));
    }

    private FrameHeaders New() => new(FrameHeaderCases.MaxMessageBytes, FrameHeaderCases.MaxFragments, _clock);

    private void FollowPings(FrameHeaders headers, int count)
    {
        for (var i = 0; i < count; i++)
            Assert.That(headers.Follow(Frame(Ping, 0)), Is.Null);
    }
}
