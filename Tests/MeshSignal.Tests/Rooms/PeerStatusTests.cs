using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>What the others in a room see of a peer whose socket is lost, and what it gets of them.</summary>
internal sealed class PeerStatusTests
{
    private static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    [Test]
    public async Task All_v1_peers_are_told_once_and_the_one_itself_is_not()
    {
        await using var pair = await Pair.InCallAsync();
        using var carol = await pair.AddAsync("carol");
        await pair.LoseBobAsync();
        await carol.ExpectStatusAsync(pair.Bob, "reconnecting");

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        foreach (var peer in new[] { pair.Alice, carol })
        {
            await peer.ExpectStatusAsync(pair.Bob, "connected");
            await peer.ExpectNothingAsync();
        }

        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task For_legacy_peers_it_is_simply_still_there_until_it_leaves()
    {
        await using var pair = await Pair.InCallAsync(Profile.Legacy, Profile.V1);
        await pair.Bob.LoseSocketAsync();
        await pair.Alice.ExpectNothingAsync();
        await pair.Alice.OfferAsync("bob");
        await pair.Alice.ExpectNothingAsync();

        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.ExpectAsync(MessageTypes.Offer);
        await pair.Alice.ExpectNothingAsync();
        await bob.LoseSocketAsync();
        pair.Server.Advance(TimeSpan.FromSeconds(31), pair.Alice);

        await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");
        await pair.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_newcomer_finds_it_as_reconnecting_and_is_told_when_it_is_back()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        using var carol = await pair.Server.ConnectAsync("carol");

        var roster = (await carol.JoinAsync("demo")).GetProperty("participants").EnumerateArray().Select(participant => participant.Text("status"));
        Assert.That(roster, Is.EqualTo(["connected", "reconnecting", "connected"]));
        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        Assert.That((await bob.ExpectAsync(MessageTypes.PeerJoined)).Text("username"), Is.EqualTo("carol"));
        await carol.ExpectStatusAsync(pair.Bob, "connected");
    }

    [Test]
    public async Task It_comes_in_one_order_with_joining_and_leaving()
    {
        await using var pair = await Pair.InCallAsync();
        using var carol = await pair.AddAsync("carol");
        await pair.Bob.LoseSocketAsync();
        await carol.LeaveAsync();
        await carol.ExpectStatusAsync(pair.Bob, "reconnecting");
        await carol.ExpectAsync(MessageTypes.Left);
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await bob.ExpectLeftAsync(carol, "left");
        await bob.LeaveAsync();

        await pair.Alice.ExpectStatusAsync(pair.Bob, "reconnecting");
        await pair.Alice.ExpectLeftAsync(carol, "left");
        await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");
        await pair.Alice.ExpectLeftAsync(pair.Bob, "left");
        await pair.Alice.ExpectNothingAsync();
        await carol.ExpectNothingAsync();
    }

    [Test]
    public async Task Whoever_is_away_gets_all_that_happens_in_the_room_afterwards()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        using var carol = await pair.Server.ConnectAsync("carol");
        await carol.JoinAsync("demo");
        await pair.Alice.ExpectAsync(MessageTypes.PeerJoined);
        await pair.Alice.SendAsync(MessageTypes.MediaChange, new { mediaTypes = new[] { "video" }, id = 1 });
        await pair.Alice.ExpectAckAsync(1);
        await carol.LoseSocketAsync();

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await bob.ExpectAsync(MessageTypes.PeerJoined);
        await bob.ExpectAsync(MessageTypes.MediaChanged);
        await bob.ExpectStatusAsync(carol, "reconnecting");
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Two_can_be_away_at_once_and_each_hears_of_the_other()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Bob.LoseSocketAsync();
        await pair.Alice.LoseSocketAsync();

        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        using var alice = await pair.Server.ResumeAsync(pair.Alice);

        await bob.ExpectStatusAsync(pair.Alice, "reconnecting");
        await bob.ExpectStatusAsync(pair.Alice, "connected");
        await alice.ExpectStatusAsync(pair.Bob, "reconnecting");
        await alice.ExpectStatusAsync(pair.Bob, "connected");
    }

    [Test]
    public async Task A_room_in_which_all_are_away_waits_for_them()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Bob.LoseSocketAsync();
        await pair.Alice.LoseSocketAsync();
        pair.Server.Advance(TimeSpan.FromSeconds(31));
        Assert.That(pair.Server.Get<SessionStore>().Count, Is.Zero);
        Assert.That(pair.Server.Get<MeshSignal.Server.Rooms.RoomStore>().Count, Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Candidates_that_are_held_do_not_age_while_either_is_away(bool isSenderAway)
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Alice.CandidateAsync("bob", "a1", id: 1);
        await pair.Alice.ExpectAckAsync(1);
        pair.Server.Advance(10 * OneSecond, pair.Alice, pair.Bob);
        var away = isSenderAway ? pair.Alice : pair.Bob;
        var there = isSenderAway ? pair.Bob : pair.Alice;
        await away.LoseSocketAsync();
        await there.ExpectStatusAsync(away, "reconnecting");
        pair.Server.Advance(29 * OneSecond, there);
        using var back = await pair.Server.ResumeAsync(away);
        await there.ExpectStatusAsync(away, "connected");

        var alice = isSenderAway ? back : there;
        pair.Server.Advance(HoldTime - (10 * OneSecond), there, back);
        await alice.ExpectNothingAsync();
        pair.Server.Advance(OneSecond, there, back);
        Assert.That((await alice.ExpectErrorAsync(ErrorCode.CandidateDropped, id: 1)).Text("reason"), Is.EqualTo("expired"));
    }

    [Test]
    public async Task One_that_was_held_while_its_receiver_was_away_has_its_30_seconds_from_then_on()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.LoseBobAsync();
        pair.Server.Advance(20 * OneSecond, pair.Alice);
        await pair.Alice.CandidateAsync("bob", "a1", id: 1);
        await pair.Alice.ExpectAckAsync(1);
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        await pair.Alice.ExpectStatusAsync(pair.Bob, "connected");

        pair.Server.Advance(HoldTime, pair.Alice, bob);
        await pair.Alice.ExpectNothingAsync();
        pair.Server.Advance(OneSecond, pair.Alice, bob);

        await pair.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped, id: 1);
    }

    [Test]
    public async Task The_time_that_both_are_away_counts_once()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Alice.CandidateAsync("bob", "a1", id: 1);
        await pair.Alice.ExpectAckAsync(1);
        await pair.Bob.LoseSocketAsync();
        pair.Server.Advance(5 * OneSecond, pair.Alice);
        await pair.Alice.LoseSocketAsync();
        pair.Server.Advance(5 * OneSecond);
        using var bob = await pair.Server.ResumeAsync(pair.Bob);
        pair.Server.Advance(5 * OneSecond, bob);
        using var alice = await pair.Server.ResumeAsync(pair.Alice);
        await alice.ExpectStatusAsync(pair.Bob, "reconnecting");
        await alice.ExpectStatusAsync(pair.Bob, "connected");

        pair.Server.Advance(HoldTime, alice, bob);
        await alice.ExpectNothingAsync();
        pair.Server.Advance(OneSecond, alice, bob);

        await alice.ExpectErrorAsync(ErrorCode.CandidateDropped, id: 1);
    }

    [Test]
    public async Task What_was_held_for_one_that_expires_is_dropped_before_it_leaves()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Alice.CandidateAsync("bob", "a1", id: 1);
        await pair.Alice.ExpectAckAsync(1);
        await pair.LoseBobAsync();
        pair.Server.Advance(TimeSpan.FromSeconds(31), pair.Alice);

        Assert.That((await pair.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped, id: 1)).Text("reason"), Is.EqualTo("peer-left"));
        await pair.Alice.ExpectLeftAsync(pair.Bob, "expired");
    }

    [Test]
    public async Task Held_candidates_follow_a_description_that_was_sent_to_one_that_is_away()
    {
        await using var pair = await Pair.InCallAsync();
        await pair.Alice.CandidateAsync("bob", "a1");
        await pair.LoseBobAsync();
        await pair.Alice.OfferAsync("bob", id: 1);
        await pair.Alice.ExpectAckAsync(1);
        await pair.Alice.CandidateAsync("bob", "a2", id: 2);
        await pair.Alice.ExpectAckAsync(2);

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await bob.ExpectAsync(MessageTypes.Offer);
        await bob.ExpectCandidateAsync("alice", "a1");
        await bob.ExpectCandidateAsync("alice", "a2");
    }

    [Test]
    public async Task Whoever_comes_back_gets_ICE_servers_once_behind_what_it_missed()
    {
        await using var pair = await TurnAsync();
        await pair.LoseBobAsync();
        await pair.Alice.SignalAsync("bob", 1);

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await bob.ExpectSignalsAsync(1, 1);
        var servers = await bob.ExpectAsync(MessageTypes.IceServers);
        Assert.That(servers.GetProperty("iceServers")[0].Texts("urls"), Is.EqualTo(["turn:turn.example.org:3478"]));
        Assert.That((servers.GetProperty("iceTtlMs").GetInt32(), servers.Has("id")), Is.EqualTo((60_000, false)));
        await bob.ExpectNothingAsync();
        pair.Server.Advance(47 * OneSecond, pair.Alice, bob);
        await bob.ExpectNothingAsync(); // 80 % of their time begins anew.
        pair.Server.Advance(OneSecond, pair.Alice, bob);
        await bob.ExpectAsync(MessageTypes.IceServers);
    }

    [Test]
    public async Task Whoever_is_away_gets_none_in_vain()
    {
        await using var pair = await TurnAsync(("MeshSignal:Sessions:ResumeGrace", "00:10:00"));
        await pair.LoseBobAsync();
        for (var i = 0; i < 3; i++)
        {
            pair.Server.Advance(49 * OneSecond, pair.Alice);
            Assert.That((await pair.Alice.ReceiveAllAsync()).Select(message => message.Text("type")), Is.EqualTo([MessageTypes.IceServers]));
        }

        using var bob = await pair.Server.ResumeAsync(pair.Bob);

        await bob.ExpectAsync(MessageTypes.IceServers);
        await bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Outside_a_room_or_where_no_credentials_end_none_are_sent()
    {
        await using var pair = await TurnAsync();
        using var carol = await pair.Server.ConnectAsync("carol");
        await carol.LoseSocketAsync();
        using var back = await pair.Server.ResumeAsync(carol);
        await back.ExpectNothingAsync();

        await using var stun = await Pair.InCallAsync(("MeshSignal:Ice:StunUrls:0", "stun:stun.example.org:3478"));
        await stun.LoseBobAsync();
        using var bob = await stun.Server.ResumeAsync(stun.Bob);
        await bob.ExpectNothingAsync();
    }

    private static Task<Pair> TurnAsync(params (string Key, string Value)[] settings) => Pair.InCallAsync(
        [
            ("MeshSignal:Ice:TurnUrls:0", "turn:turn.example.org:3478"), ("MeshSignal:Ice:TurnSecret", "a-secret-of-20-and-more-characters"),
            ("MeshSignal:Ice:CredentialTtl", "00:01:00"), .. settings,
        ]);
}
