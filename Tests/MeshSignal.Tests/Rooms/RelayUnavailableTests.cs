using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>All candidates of a peer are there and none is of use, so its call cannot connect: its TURN server is down, or it does not use it.</summary>
internal sealed class RelayUnavailableTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static readonly string[] EndedDescriptions =
    [
        """ "webrtc-offer","offer":{"type":"offer","sdp":"v=0\r\nm=audio 9 RTP/AVP 0\r\na=end-of-candidates\r\n"} """,
        """ "webrtc-offer","offer":"v=0\r\nm=audio 9 RTP/AVP 0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\na=end-of-candidates\r\n" """,
        """ "webrtc-offer","offer":"v=0\r\na=end-of-candidates\r\nm=audio 9 RTP/AVP 0\r\na=candidate:1 1 udp 1 192.168.1.7 9 typ host\r\n" """,
        """ "webrtc-answer","answer":{"type":"answer","sdp":"v=0\r\nm=audio 9 RTP/AVP 0\r\na=end-of-candidates\r\n"} """,
        """ "webrtc-signal","signal":{"type":"offer","sdp":"v=0\r\nm=a 9 b 0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\na=end-of-candidates\r\n"} """,
        """ "webrtc-signal","signal":{"type":"answer","sdp":"v=0\r\nm=audio 9 RTP/AVP 0\r\na=end-of-candidates\r\n"} """,
    ];

    private static readonly string[] EndsAlone =
    [
        """ "webrtc-ice-candidate","candidate":null """,
        """ "webrtc-ice-candidate","candidate":"" """,
        """ "webrtc-ice-candidate","candidate":{"candidate":"","sdpMid":"0"} """,
        """ "webrtc-ice-candidate","candidate":{"candidate":null} """,
        """ "webrtc-ice-candidate","candidate":{"sdpMid":"0"} """,
        """ "webrtc-ice-candidate","candidate":{} """,
        """ "webrtc-ice-candidate","candidate":{"type":"candidate","candidate":{"candidate":"","sdpMid":"0"}} """,
        """ "webrtc-signal","signal":{"type":"candidate","candidate":{"candidate":"","sdpMid":"0"}} """,
        """ "webrtc-signal","signal":{"candidate":null} """,
    ];

    private static IEnumerable<string> Ends => [.. EndedDescriptions, .. EndsAlone];

    [TestCaseSource(nameof(EndedDescriptions))]
    public async Task A_description_that_ends_without_a_relay_says_so(string message)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);

        await SendAsync(call.Alice, message, ""","id":1""");

        var answers = await call.Alice.ReceiveAllAsync();
        var errors = answers.Where(answer => answer.Has("code") && answer.Text("code") != ErrorCode.RelayPolicy.Wire).ToList();
        Assert.That(errors, Has.Count.EqualTo(1));
        ExpectUnavailable(errors[0], message, "bob");
        Assert.That(answers.Where(answer => answer.Has("id")).Select(answer => answer.Text("type")), Is.EqualTo([MessageTypes.Ack]));
    }

    [TestCaseSource(nameof(EndsAlone))]
    public async Task So_does_each_way_to_end_after_a_dropped_candidate(string message)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);

        await SendAsync(call.Alice, message, ""","id":1""");

        await ExpectUnavailableAsync(call.Alice, message, "bob");
        await call.Alice.ExpectAckAsync(1);
        await call.Alice.ExpectNothingAsync();
    }

    [TestCaseSource(nameof(EndsAlone))]
    public async Task And_after_a_description_without_any_candidate(string message)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.OfferAsync("bob");

        await SendAsync(call.Alice, message);

        await ExpectUnavailableAsync(call.Alice, message, "bob");
        await call.Alice.ExpectNothingAsync();
    }

    [TestCaseSource(nameof(Ends))]
    public async Task One_that_was_of_use_is_enough(string message)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);

        await SendAsync(call.Alice, message);

        Assert.That((await call.Alice.ReceiveAllAsync()).Select(error => error.Text("code")), Is.EqualTo(["relay-policy"]));
    }

    [Test]
    public async Task One_in_the_description_is_enough_too()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);

        await call.Alice.OfferAsync("bob", $"{RelayRoom.EndedSdp}m=video 9 RTP/AVP 0\r\na={RelayRoom.Relay(1)}\r\n");
        await call.Alice.ExpectNothingAsync();
        await call.Alice.OfferAsync("bob", $"v=0\r\nm=video 9 RTP/AVP 0\r\na={RelayRoom.Relay(1)}\r\n");
        await call.Alice.SendAsync(MessageTypes.IceCandidate, new { targetUsername = "bob", candidate = "" });

        await call.Alice.ExpectNothingAsync();
    }

    [TestCaseSource(nameof(EndsAlone))]
    public async Task An_end_of_nothing_says_nothing(string message)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);

        await SendAsync(call.Alice, message, ""","id":1""");

        await call.Alice.ExpectAckAsync(1);
        await call.Alice.ExpectNothingAsync();
    }

    [TestCaseSource(nameof(EndsAlone))]
    public async Task A_second_end_behind_the_first_says_nothing(string message)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.OfferAsync("bob", $"{RelayRoom.EndedSdp}m=video 9 RTP/AVP 0\r\na=end-of-candidates\r\n");
        await ExpectUnavailableAsync(call.Alice, EndedDescriptions[0], "bob");

        await SendAsync(call.Alice, message, ""","id":1""");
        await call.Alice.ExpectAckAsync(1);
        await SendAsync(call.Alice, message);

        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Each_round_of_candidates_is_judged_for_itself()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.OfferAsync("bob", RelayRoom.EndedSdp);
        await ExpectUnavailableAsync(call.Alice, EndedDescriptions[0], "bob");

        // TURN is back, and ICE restarts.
        await call.Alice.OfferAsync("bob", $"{RelayRoom.EndedSdp}a={RelayRoom.Relay(1)}\r\n");
        await call.Alice.ExpectNothingAsync();

        // And is gone again.
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "");
        await ExpectUnavailableAsync(call.Alice, EndsAlone[0], "bob");
    }

    [Test]
    public async Task Stragglers_and_the_ends_of_other_media_sections_are_no_new_round()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));
        await call.Alice.CandidateAsync("bob", "");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host, id: 1);
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy, 1);
        await call.Alice.CandidateAsync("bob", "");
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Candidates_before_their_description_belong_to_it()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", "");
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Each_target_is_judged_for_itself()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        using var carol = await call.AddAsync("carol");
        await call.Alice.OfferAsync("carol");
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));

        await call.Alice.CandidateAsync("bob", "");
        await call.Alice.ExpectNothingAsync();
        await call.Alice.CandidateAsync("carol", "");

        await ExpectUnavailableAsync(call.Alice, EndsAlone[0], "carol");
        await call.Alice.ExpectNothingAsync();
        await carol.SettleAsync();
        await call.Bob.SettleAsync();
        Assert.That(carol.Received.Concat(call.Bob.Received).Select(message => message.Text("type")), Has.None.EqualTo(MessageTypes.Error));
    }

    [Test]
    public async Task Whoever_joins_again_is_another_target()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));
        await call.Bob.LeaveAsync();
        await call.Bob.ExpectAsync(MessageTypes.Left);
        await call.Alice.ExpectErrorAsync(ErrorCode.CandidateDropped);
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
        await call.JoinBobAsync();

        await call.Alice.OfferAsync("bob", RelayRoom.EndedSdp);

        await ExpectUnavailableAsync(call.Alice, EndedDescriptions[0], "bob");
    }

    [Test]
    public async Task A_refused_description_ends_nothing()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);

        await call.Alice.OfferAsync("bob", $"{RelayRoom.EndedSdp}nonsense");

        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);
        await call.Alice.ExpectNothingAsync();
    }

    [TestCase("""{"candidate":"","sdpMid":"192.168.1.7"}""")]
    [TestCase("""{"candidate":"","usernameFragment":"?"}""")]
    [TestCase("""{"candidate":null,"sdpMLineIndex":-1}""")]
    public async Task Nor_does_a_refused_candidate(string candidate)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.OfferAsync("bob");

        await SendAsync(call.Alice, $""" "webrtc-ice-candidate","candidate":{candidate} """);

        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_relay_that_was_refused_is_of_no_use()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.OfferAsync("bob");
        var leaking = new { candidate = RelayRoom.Relay(1), sdpMid = "192.168.1.7" };
        await call.Alice.SendAsync(MessageTypes.IceCandidate, new { targetUsername = "bob", candidate = leaking });
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);

        await call.Alice.CandidateAsync("bob", "");

        var told = await call.Alice.ReceiveAllAsync();
        Assert.That(told, Has.Count.EqualTo(1));
        ExpectUnavailable(told[0], EndsAlone[0], "bob");
    }

    [Test]
    public async Task Time_alone_tells_a_v1_sender_nothing()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);

        call.Server.Advance(60 * Second, call.Alice, call.Bob);

        await call.Alice.ExpectNothingAsync();
    }

    [TestCase(Profile.V1)]
    [TestCase(Profile.Legacy)]
    public async Task A_legacy_sender_is_told_five_seconds_after_its_first_dropped_candidate_and_once(Profile bob)
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, bob, RelayRoom.Settings);
        await call.Alice.OfferAsync("bob");
        call.Server.Advance(60 * Second, call.Alice, call.Bob);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(4 * Second, call.Alice, call.Bob);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.ExpectNothingAsync();

        call.Server.Advance(Second, call.Alice, call.Bob);

        await ExpectUnavailableAsync(call.Alice, EndsAlone[0], null);
        await call.Alice.OfferAsync("bob", RelayRoom.EndedSdp);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        call.Server.Advance(60 * Second, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_legacy_sender_that_has_a_relay_for_anybody_is_not_told_by_time(bool relayFirst)
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.V1, RelayRoom.Settings);
        await call.Alice.OfferAsync("bob");
        await call.Alice.CandidateAsync("bob", relayFirst ? RelayRoom.Relay(1) : RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", relayFirst ? RelayRoom.Host : RelayRoom.Relay(1));
        await call.Alice.ExpectNothingAsync();

        call.Server.Advance(60 * Second, call.Alice, call.Bob);

        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_legacy_sender_is_told_at_the_end_of_its_candidates_too_and_once_a_stay()
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.V1, RelayRoom.Settings);
        await call.Alice.OfferAsync("bob", $"{RelayRoom.EndedSdp}a={RelayRoom.Host}\r\n");
        var error = await ExpectUnavailableAsync(call.Alice, EndedDescriptions[0], "bob");
        Assert.That(error.Text("error"), Is.EqualTo(ErrorCode.RelayUnavailable.Text));

        await call.Alice.OfferAsync("bob", RelayRoom.EndedSdp);
        call.Server.Advance(60 * Second, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
        await call.Alice.LeaveAsync();
        await call.Alice.JoinAsync("demo");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", "");

        await ExpectUnavailableAsync(call.Alice, EndsAlone[0], "bob");
        await call.Alice.OfferAsync("bob", RelayRoom.EndedSdp);
        await call.Alice.ExpectNothingAsync();
    }

    /// <param name="message">From the tables above: the type, and the payload.</param>
    private static Task SendAsync(TestPeer peer, string message, string more = "") =>
        peer.SendRawAsync($$"""{"token":"{{peer.Token}}","targetUsername":"bob","type":{{message}}{{more}}}""");

    private static async Task<JsonElement> ExpectUnavailableAsync(TestPeer sender, string message, string? target)
    {
        var error = await sender.ExpectAsync(MessageTypes.Error);
        ExpectUnavailable(error, message, target);
        return error;
    }

    private static void ExpectUnavailable(JsonElement error, string message, string? target)
    {
        Assert.That(error.Summary(), Is.EqualTo(("relay-unavailable", (string?)null, (int?)null, message.Split('"')[1], target)));
        Assert.That((error.GetProperty("retryable").GetBoolean(), error.Has("id")), Is.EqualTo((true, false)));
    }
}
