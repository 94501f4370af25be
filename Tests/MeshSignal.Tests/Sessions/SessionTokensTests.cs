using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Sessions;

/// <summary>Each resume brings a new token; the former stays good until the new one is used.</summary>
internal sealed class SessionTokensTests
{
    private readonly SessionTokens _tokens = new();

    [Test]
    public void The_first_token_is_good_and_no_other_is_known()
    {
        Assert.That(Accepts(_tokens.Current));
        Assert.That(Accepts(SessionToken.New()), Is.False);
        Assert.That(_tokens.All, Is.EqualTo([_tokens.Current.Hash]));
    }

    [Test]
    public void The_former_is_good_until_the_new_one_is_seen()
    {
        var (first, second) = (_tokens.Current, Rotate(_tokens.Current));
        Assert.That(Accepts(first));
        Assert.That(Standings(first, second), Is.EqualTo([TokenStanding.Good, TokenStanding.Good]));

        Assert.That(Accepts(second));
        Assert.That(Accepts(first), Is.False);
        Assert.That(Standings(first, second), Is.EqualTo([TokenStanding.Retired, TokenStanding.Good]));
    }

    [Test]
    public void A_wrong_one_retires_nothing()
    {
        var first = _tokens.Current;
        Rotate(first);
        Accepts(SessionToken.New());
        Assert.That(Accepts(first));
    }

    [Test]
    public void Shown_again_it_brings_another_and_the_one_between_is_over()
    {
        var first = _tokens.Current;
        var lost = Rotate(first);
        var second = Rotate(first);
        Assert.That(Standings(first, lost, second), Is.EqualTo([TokenStanding.Good, TokenStanding.Retired, TokenStanding.Good]));
        Assert.That(Accepts(lost), Is.False);
        Assert.That(Accepts(first), "the lost one was not used");
        Assert.That(Accepts(second));
        Assert.That(Accepts(first), Is.False);
    }

    [Test]
    public void Whoever_shows_the_new_one_has_got_it()
    {
        var first = _tokens.Current;
        var second = Rotate(first);
        var third = Rotate(second);
        Assert.That(Standings(first, second, third), Is.EqualTo([TokenStanding.Retired, TokenStanding.Good, TokenStanding.Good]));
    }

    [Test]
    public void Sixteen_are_known_and_the_oldest_is_forgotten_for_one_more()
    {
        var issued = new List<SessionToken> { _tokens.Current };
        for (var i = 1; i < 16; i++)
        {
            Assert.That(_tokens.Rotate(_tokens.Current.Hash), Is.Null);
            issued.Add(_tokens.Current);
        }

        Assert.That(_tokens.Rotate(_tokens.Current.Hash), Is.EqualTo(issued[0].Hash));
        Assert.That(_tokens.All, Is.EqualTo(issued.Skip(1).Append(_tokens.Current).Select(token => token.Hash)));
    }

    [Test]
    public void One_that_is_still_good_is_not_forgotten_however_often_the_answer_was_lost()
    {
        var first = _tokens.Current;
        var known = new HashSet<TokenHash> { first.Hash };
        for (var i = 0; i < 50; i++)
        {
            if (_tokens.Rotate(first.Hash) is { } forgotten)
                Assert.That(known.Remove(forgotten));
            known.Add(_tokens.Current.Hash);
            Assert.That(known, Has.Count.LessThanOrEqualTo(16));
        }

        Assert.That(_tokens.All, Is.EquivalentTo(known));
        Assert.That(known, Does.Contain(first.Hash).And.Contain(_tokens.Current.Hash));
        Assert.That(_tokens.StandingOf(first.Hash), Is.EqualTo(TokenStanding.Good));
        Assert.That(Accepts(first));
    }

    [Test]
    public async Task While_the_answer_may_be_lost_both_are_good_on_the_new_socket()
    {
        await using var pair = await Pair.InCallAsync();
        var former = pair.Bob.Token;
        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await bob.SendAsync(MessageTypes.Signal, new { token = former, targetUsername = "alice", signal = 1, id = 1 });
        await bob.ExpectAckAsync(1);
        await bob.SendAsync(MessageTypes.Signal, new { targetUsername = "alice", signal = 2, id = 2 });
        await bob.ExpectAckAsync(2);
        await bob.SendAsync(MessageTypes.Signal, new { token = former, targetUsername = "alice", signal = 3, id = 3 });
        await bob.ExpectErrorAsync(ErrorCode.InvalidToken, id: 3);
    }

    [Test]
    public async Task When_the_answer_was_lost_the_old_token_brings_the_session_back()
    {
        await using var pair = await Pair.InCallAsync();
        var (token, count) = (pair.Bob.Token, pair.Bob.Counted);
        await pair.LoseBobAsync();
        await pair.Alice.SignalAsync("bob", 2);
        for (var i = 0; i < 20; i++)
        {
            using var lost = pair.Server.Return(token, count);
            await lost.ExpectAsync(MessageTypes.SessionToken);
            await lost.LoseSocketAsync();
        }

        using var bob = pair.Server.Return(token, count);
        await bob.ExpectResumedAsync();
        await bob.ExpectSignalsAsync(1, 2);
    }

    [TestCase(MessageTypes.Ping)]
    [TestCase(MessageTypes.MediaChange)]
    [TestCase("nonsense")]
    public async Task After_any_message_with_the_new_one_whoever_shows_the_old_one_gets_4501(string type)
    {
        await using var pair = await Pair.InCallAsync();
        var count = pair.Bob.Counted;
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.SendAsync(type, new { id = 1 });
        while (!(await bob.ReceiveAsync()).Has("id"))
        {
            // The pong goes ahead of the ack.
        }

        foreach (var received in new long?[] { count, 0, 9_999_999_999, null })
        {
            using var thief = pair.Server.Return(pair.Bob.Token, received, "bob");
            await thief.ExpectErrorAsync(ErrorCode.InvalidToken);
            await thief.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
        }

        // The session notices nothing of it.
        await bob.ExpectNothingAsync();
        await pair.Alice.ExpectNothingAsync();
        await bob.SignalOneAsync("alice", 1);
        Assert.That(pair.Server.Log.Lines, Has.Exactly(4).Contains("a token that it has replaced was shown"));
        Assert.That(pair.Server.Log.Lines, Has.None.Contains(pair.Bob.Token).And.None.Contains(bob.Token));
    }

    [Test]
    public async Task A_ping_without_a_token_confirms_nothing()
    {
        await using var pair = await Pair.InCallAsync();
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.SendRawAsync("""{"type":"ping"}""");
        await bob.ExpectAsync(MessageTypes.Pong);

        using var again = await pair.Server.ResumeAsync(pair.Bob);

        await again.ExpectAsync(MessageTypes.Pong);
    }

    [Test]
    public async Task An_old_token_does_not_end_an_away_session_either()
    {
        await using var pair = await Pair.InCallAsync();
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.ExpectNothingAsync();
        await bob.LoseSocketAsync();
        await pair.Alice.ExpectStatusAsync(pair.Bob, "reconnecting");

        using var thief = pair.Server.Return(pair.Bob, null);
        await thief.ExpectErrorAsync(ErrorCode.InvalidToken);
        await thief.ExpectCloseAsync(CloseCode.BadToken);

        await pair.Alice.ExpectNothingAsync();
        using var back = await pair.Server.ResumeAsync(bob, pair.Bob.Counted + 1);
        await back.ExpectNothingAsync();
    }

    [Test]
    public async Task A_token_that_is_forgotten_is_as_unknown_as_any()
    {
        await using var pair = await Pair.InCallAsync();
        var (first, count, current) = (pair.Bob.Token, pair.Bob.Counted, pair.Bob);
        for (var i = 0; i < 16; i++)
        {
            var successor = await pair.Server.ResumeAsync(current, count++);
            await successor.ExpectNothingAsync();
            current.Dispose();
            current = successor;
        }

        using var stranger = pair.Server.Return(first, 0, "carol");
        await stranger.ExpectNewAsync("unknown");
        await current.ExpectNothingAsync();
        current.Dispose();
    }

    [Test]
    public async Task Of_a_session_that_has_ended_no_token_is_known()
    {
        await using var pair = await Pair.InCallAsync();
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.ExpectNothingAsync();
        await bob.CloseAsync();
        await bob.Served.WaitAsync(TestPeer.Timeout);

        foreach (var token in new[] { pair.Bob.Token, bob.Token })
        {
            Assert.That(pair.Server.Get<SessionStore>().Find(SessionToken.HashOf(token)), Is.Null);
            using var stranger = pair.Server.Return(token, 0);
            await stranger.ExpectNewAsync("unknown");
        }
    }

    private SessionToken Rotate(SessionToken shown)
    {
        _tokens.Rotate(shown.Hash);
        return _tokens.Current;
    }

    private bool Accepts(SessionToken token) => _tokens.Accept(Encoding.ASCII.GetBytes(token.Reveal()));

    private IEnumerable<TokenStanding> Standings(params SessionToken[] tokens) => tokens.Select(token => _tokens.StandingOf(token.Hash));
}
