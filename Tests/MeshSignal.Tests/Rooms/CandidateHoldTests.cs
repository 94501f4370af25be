using System.Globalization;
using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

internal sealed class CandidateHoldTests
{
    private readonly FakeClock _clock = new();
    private readonly CandidateHold _hold = new();

    [TestCase(false)]
    [TestCase(true)]
    public void Before_any_description_every_candidate_is_held(bool buffer) => Assert.That(_hold.MustHold(buffer));

    [TestCase(false, false)]
    [TestCase(true, true)]
    public void While_an_offer_is_open_those_are_held_that_ask_for_it(bool buffer, bool expected)
    {
        _hold.Offered();
        Assert.That(_hold.MustHold(buffer), Is.EqualTo(expected));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Once_the_offer_is_answered_none_is_held(bool buffer)
    {
        _hold.Offered();
        _hold.OfferClosed();
        Assert.That(_hold.MustHold(buffer), Is.False);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Who_has_answered_has_nothing_held(bool buffer)
    {
        _hold.Answered();
        Assert.That(_hold.MustHold(buffer), Is.False);
    }

    [Test]
    public void A_further_offer_opens_it_again()
    {
        _hold.Offered();
        _hold.OfferClosed();
        _hold.Offered();
        Assert.That(_hold.MustHold(buffer: true));
    }

    [Test]
    public void An_offer_that_is_closed_before_any_description_describes_nothing()
    {
        _hold.OfferClosed();
        Assert.That(_hold.MustHold(buffer: false));
    }

    [Test]
    public void Nothing_is_released_before_a_description()
    {
        Add("a");
        Assert.That(Names(_hold.TakeReleased()), Is.Empty);
        Assert.That(_hold.IsEmpty, Is.False);
    }

    [Test]
    public void A_description_releases_in_the_order_they_came()
    {
        Add("a", "b", "c");
        _hold.Offered();
        Assert.That(Names(_hold.TakeReleased()), Is.EqualTo(["a", "b", "c"]));
        Assert.That(_hold.IsEmpty);
    }

    [Test]
    public void What_waits_for_an_answer_is_not_released_by_the_offer()
    {
        Add("a");
        Add("b", buffer: true);
        Add("c");
        _hold.Offered();
        Assert.That(Names(_hold.TakeReleased()), Is.EqualTo(["a", "c"]));
        _hold.OfferClosed();
        Assert.That(Names(_hold.TakeReleased()), Is.EqualTo(["b"]));
    }

    [Test]
    public void What_waits_for_an_answer_is_released_by_an_answer_of_its_sender_too()
    {
        Add("a", buffer: true);
        _hold.Answered();
        Assert.That(Names(_hold.TakeReleased()), Is.EqualTo(["a"]));
    }

    [Test]
    public void What_is_released_is_released_once()
    {
        Add("a");
        _hold.Answered();
        _hold.TakeReleased();
        Assert.That(_hold.TakeReleased(), Is.Empty);
    }

    [Test]
    public void The_sixty_fifth_pushes_the_oldest_out()
    {
        for (var i = 0; i < CandidateHold.MaxCandidates; i++)
            Assert.That(_hold.Add(New($"{i}")), Is.Empty);

        Assert.That(_hold.Add(New("64")).Single().Message.TargetUsername, Is.EqualTo("0"));
        Assert.That(_hold.Add(New("65")).Single().Message.TargetUsername, Is.EqualTo("1"));
        Assert.That(Names(_hold.TakeAll()), Is.EqualTo(Enumerable.Range(2, 64).Select(number => number.ToString(CultureInfo.InvariantCulture))));
    }

    [Test]
    public void Sixty_four_large_candidates_are_not_four_megabytes()
    {
        var half = CandidateHold.MaxBytes / 2;
        Assert.That(_hold.Add(New("a", bytes: half)), Is.Empty);
        Assert.That(_hold.Add(New("b", bytes: half)), Is.Empty);
        Assert.That(Names(_hold.Add(New("c", bytes: 1))), Is.EqualTo(["a"]));
        Assert.That(Names(_hold.Add(New("d", bytes: CandidateHold.MaxBytes))), Is.EqualTo(["b", "c"]));
        Assert.That(Names(_hold.TakeAll()), Is.EqualTo(["d"]));
        Assert.That(_hold.Add(New("e", bytes: CandidateHold.MaxBytes)), Is.Empty);
    }

    [Test]
    public void After_thirty_seconds_a_candidate_expires_and_younger_ones_stay()
    {
        Add("a");
        _clock.Advance(TimeSpan.FromSeconds(1));
        Add("b");
        _clock.Advance(CandidateHold.MaxAge - TimeSpan.FromSeconds(1));
        Assert.That(_hold.TakeExpired(_clock), Is.Empty);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(Names(_hold.TakeExpired(_clock)), Is.EqualTo(["a"]));
        _hold.Answered();
        Assert.That(Names(_hold.TakeReleased()), Is.EqualTo(["b"]));
    }

    [Test]
    public void Everything_can_be_taken_out_at_once()
    {
        Add("a");
        Add("b", buffer: true);
        Assert.That(Names(_hold.TakeAll()), Is.EqualTo(["a", "b"]));
        Assert.That(_hold.IsEmpty);
    }

    private static IEnumerable<string> Names(IEnumerable<HeldCandidate> candidates) =>
        candidates.Select(held => Encoding.UTF8.GetString(held.Message.Candidate.Utf8.Span).TrimEnd());

    private void Add(params string[] names)
    {
        foreach (var name in names)
            _hold.Add(New(name));
    }

    private void Add(string name, bool buffer) => _hold.Add(New(name, buffer));

    private HeldCandidate New(string name, bool buffer = false, int bytes = 0) =>
        new(
        new CandidateMessage(new IceCandidate(Encoding.UTF8.GetBytes(name.PadRight(bytes))), buffer) { TargetUsername = name }, _clock.GetTimestamp());
}
