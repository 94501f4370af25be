using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

internal sealed class ReplayLogTests
{
    private static (int Messages, long Bytes) Nothing => (0, 0);

    private readonly ReplayLog _log = new(new SessionsOptions { ReplayMessages = 4, ReplayBytes = 40 });

    [Test]
    public void What_came_after_a_count_is_given_in_order()
    {
        Add("a", "b", "c");
        Assert.That(After(1), Is.EqualTo(["b", "c"]));
    }

    [Test]
    public void After_all_there_is_nothing_and_that_is_complete() => Assert.That(After(Add("a", "b")), Is.Empty);

    [Test]
    public void A_log_that_never_had_anything_is_complete() => Assert.That(After(0), Is.Empty);

    [Test]
    public void More_than_there_were_cannot_have_arrived()
    {
        Add("a", "b");
        Assert.That(After(3), Is.Null);
        Assert.That(_log.TryConfirm(3), Is.False);
        Assert.That(After(0), Is.EqualTo(["a", "b"]), "nothing was given up for it");
    }

    [Test]
    public void What_has_arrived_is_given_up()
    {
        Add("a", "b", "c");
        Assert.That(_log.TryConfirm(2));
        Assert.That(After(1), Is.Null);
        Assert.That(After(2), Is.EqualTo(["c"]));
    }

    [Test]
    public void A_relayed_message_is_kept_whole_when_it_has_been_sent_and_others_come()
    {
        var sent = RelayedMessageTests.Encode("""{"type":"webrtc-signal","targetUsername":"bob","signal":"the one that is missed"}""");
        var text = sent.Text();
        _log.Add(sent);
        sent.LetGo();
        for (var i = 0; i < 100; i++)
            RelayedMessageTests.Encode("""{"type":"webrtc-signal","targetUsername":"eve","signal":"what somebody else gets"}""").LetGo();
        Assert.That(After(0), Is.EqualTo([text]));
    }

    [Test]
    public void A_relayed_message_that_has_arrived_is_let_go()
    {
        var sent = RelayedMessageTests.Encode("""{"type":"webrtc-signal","targetUsername":"bob","signal":1}""");
        _log.Add(sent);
        sent.LetGo();
        Assert.That(_log.TryConfirm(1));
        Assert.That(sent.LetGo, Throws.InvalidOperationException);
    }

    [Test]
    public void Saying_again_or_less_than_before_changes_nothing()
    {
        Add("a", "b", "c");
        Assert.That(_log.TryConfirm(2));
        Assert.That(_log.TryConfirm(2));
        Assert.That(_log.TryConfirm(0));
        Assert.That(After(2), Is.EqualTo(["c"]));
    }

    [Test]
    public void Giving_says_what_has_arrived_too()
    {
        Add("a", "b", "c");
        After(2);
        Assert.That(After(1), Is.Null);
        Assert.That(After(2), Is.EqualTo(["c"]), "until it is confirmed, it can be given again");
    }

    [Test]
    public void What_is_from_other_peers_can_be_given_up_with_all_before_it()
    {
        Add("a");
        _log.Add(new EncodedMessage("b"u8.ToArray(), IsRelayed: true));
        Add("c");
        _log.DropRelayed();
        Assert.That(After(1), Is.Null);
        Assert.That(After(2), Is.EqualTo(["c"]));
        _log.DropRelayed();
        Assert.That(After(2), Is.EqualTo(["c"]), "of that nothing is from another peer");
        Assert.That(_log.Count, Is.EqualTo(3));
    }

    [Test]
    public void One_message_too_many_gives_up_the_oldest()
    {
        Add("a", "b", "c", "d");
        Assert.That(_log.IsFull, Is.False);
        _log.Trim(Nothing);
        Assert.That(After(0), Is.EqualTo(["a", "b", "c", "d"]));

        Add("e");
        Assert.That(_log.IsFull);
        _log.Trim(Nothing);
        Assert.That(After(0), Is.Null);
        Assert.That(After(1), Is.EqualTo(["b", "c", "d", "e"]));
    }

    [Test]
    public void One_byte_too_many_gives_up_the_oldest()
    {
        var (a, b) = (new string('a', 20), new string('b', 20));
        Add(a, b);
        Assert.That(_log.IsFull, Is.False);
        _log.Trim(Nothing);
        Assert.That(After(0), Is.EqualTo([a, b]));

        Add("c");
        Assert.That(_log.IsFull);
        _log.Trim(Nothing);
        Assert.That(After(0), Is.Null);
        Assert.That(After(1), Is.EqualTo([b, "c"]));
    }

    [Test]
    public void One_message_larger_than_all_that_may_be_kept_is_not_kept()
    {
        Add("a", new string('b', 41));
        _log.Trim(Nothing);
        Assert.That(After(1), Is.Null);
        Assert.That(After(2), Is.Empty);
    }

    [Test]
    public void What_is_confirmed_makes_room()
    {
        var text = new string('x', 20);
        for (var i = 1; i <= 100; i++)
        {
            Add(text);
            _log.Trim(Nothing);
            Assert.That(_log.TryConfirm(i - 1));
        }

        Assert.That(After(99), Is.EqualTo([text]));
    }

    [Test]
    public void What_waits_to_be_sent_does_not_count()
    {
        Add("a", "b", "c", "d", "e", "f");
        _log.Trim((2, 0));
        Assert.That(After(0), Has.Count.EqualTo(6));
        _log.Trim((1, 0));
        Assert.That(After(0), Is.Null);
        Assert.That(After(1), Is.EqualTo(["b", "c", "d", "e", "f"]));
    }

    [Test]
    public void Nor_do_its_bytes()
    {
        Add(new string('a', 20), new string('b', 20), new string('c', 20));
        _log.Trim((0, 20));
        Assert.That(After(0), Has.Count.EqualTo(3));
        _log.Trim((0, 19));
        Assert.That(After(0), Is.Null);
    }

    [Test]
    public void With_limits_of_0_nothing_is_kept()
    {
        var log = new ReplayLog(new SessionsOptions { ReplayMessages = 0, ReplayBytes = 0 });
        log.Add(new EncodedMessage("a"u8.ToArray()));
        Assert.That(log.IsFull);
        log.Trim(Nothing);
        Assert.That((log.After(0), log.After(1)?.Count, log.Count), Is.EqualTo(((IReadOnlyCollection<EncodedMessage>?)null, (int?)0, 1L)));
    }

    [Test]
    public async Task What_is_kept_for_who_is_away_is_held_by_the_log_alone()
    {
        await using var pair = await Pair.InCallAsync();
        var bob = pair.Server.Get<SessionStore>().All.Single(static session => session.Username.Value == "bob");
        await pair.LoseBobAsync();
        var message = RelayedMessageTests.Encode("""{"type":"webrtc-signal","targetUsername":"bob","signal":1}""");

        Assert.That(bob.Deliver(message));

        message.LetGo();
        Assert.That(message.LetGo, Throws.InvalidOperationException);
    }

    private long Add(params string[] texts)
    {
        foreach (var text in texts)
            _log.Add(new EncodedMessage(Encoding.UTF8.GetBytes(text)));
        return _log.Count;
    }

    private List<string>? After(long count) => _log.After(count)?.Select(message => Encoding.UTF8.GetString(message.Utf8.Span)).ToList();
}
