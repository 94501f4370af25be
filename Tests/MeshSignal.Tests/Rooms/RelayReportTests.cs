using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>What a sender is told of what the relay policy kept back of its messages.</summary>
internal sealed class RelayReportTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Test]
    public async Task The_first_dropped_candidate_is_told_at_once()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);

        await call.Alice.CandidateAsync("bob", RelayRoom.Host);

        var error = await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);
        Assert.That(error.Summary(), Is.EqualTo(("relay-policy", "type", 1, MessageTypes.IceCandidate, (string?)null)));
        Assert.That((error.Has("id"), error.GetProperty("retryable").GetBoolean()), Is.EqualTo((false, false)));
        Assert.That(error.Text("error"), Is.EqualTo(ErrorCode.RelayPolicy.Text));
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Those_of_the_next_five_seconds_are_told_together()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await ExpectDroppedAsync(call.Alice, 1, "type");

        await call.Alice.CandidateAsync("bob", RelayRoom.Liar);
        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(4 * Second, call.Alice, call.Bob);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(Second, call.Alice, call.Bob);

        await ExpectDroppedAsync(call.Alice, 3, "type,address");
        call.Server.Advance(10 * Second, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task What_was_told_is_not_told_again()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await ExpectDroppedAsync(call.Alice, 1, "type");
        call.Server.Advance(RelayReport.Interval, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();

        await call.Alice.CandidateAsync("bob", RelayRoom.Liar);

        await ExpectDroppedAsync(call.Alice, 1, "address");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(4 * Second, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(Second, call.Alice, call.Bob);
        await ExpectDroppedAsync(call.Alice, 1, "type");
    }

    [Test]
    public async Task Those_for_several_peers_are_counted_together()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        using var carol = await call.AddAsync("carol");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await ExpectDroppedAsync(call.Alice, 1, "type");

        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("carol", RelayRoom.Host);
        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(RelayReport.Interval, call.Alice, call.Bob, carol);

        await ExpectDroppedAsync(call.Alice, 2, "type");
        await call.Alice.ExpectNothingAsync();
        await carol.ExpectNothingAsync();
    }

    [Test]
    public async Task Each_sender_is_told_of_its_own()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await ExpectDroppedAsync(call.Alice, 1, "type");

        await call.Bob.CandidateAsync("alice", RelayRoom.Liar);

        await ExpectDroppedAsync(call.Bob, 1, "address");
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_request_with_an_id_gets_its_one_answer_however_many_there_are()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);

        for (var i = 1; i <= 20; i++)
            await call.Alice.CandidateAsync("bob", i % 2 == 0 ? RelayRoom.Host : RelayRoom.Liar, id: i);

        for (var i = 1; i <= 20; i++)
        {
            var error = await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy, i);
            Assert.That(error.Summary(), Is.EqualTo(("relay-policy", i % 2 == 0 ? "type" : "address", 1, MessageTypes.IceCandidate, "bob")));
        }

        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(2 * RelayReport.Interval, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();

        // Nor do they put off what is told of others.
        await call.Alice.CandidateAsync("bob", RelayRoom.Host, id: "last");
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy, "last");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await ExpectDroppedAsync(call.Alice, 1, "type");
    }

    [TestCase(MessageTypes.Offer, "offer")]
    [TestCase(MessageTypes.Answer, "answer")]
    [TestCase(MessageTypes.Signal, "signal")]
    public async Task Candidates_in_a_description_count_and_it_is_acknowledged(string type, string member)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        string[] lines =
        [
            "v=0", $"a={RelayRoom.Relay(1)}", "m=audio 9 RTP/AVP 0", $"a={RelayRoom.Host}", $"a={RelayRoom.Relay(2)}", $"a={RelayRoom.Liar}",
            $"a={RelayRoom.Host} x", "a=candidate:1 1 ssltcp 41885439 198.51.100.3 54400 typ relay", "",
        ];

        await call.Alice.SendAsync(type, new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["targetUsername"] = "bob", ["id"] = 1, [member] = new { type = member == "answer" ? "answer" : "offer", sdp = string.Join("\r\n", lines) },
        });

        await ExpectDroppedAsync(call.Alice, 5, "malformed,type,transport,address");
        await call.Alice.ExpectAckAsync(1);
        await call.Bob.ExpectAsync(type);
        await call.Alice.ExpectNothingAsync();
    }

    [TestCase(MessageTypes.Offer, "offer", "\"nonsense\"", "malformed")]
    [TestCase(MessageTypes.Answer, "answer", """{"type":"answer"}""", "malformed")]
    [TestCase(MessageTypes.Signal, "signal", "5", "malformed")]
    [TestCase(MessageTypes.IceCandidate, "candidate", """{"candidate":5}""", "malformed")]
    [TestCase(MessageTypes.IceCandidate, "candidate", """{"candidate":"candidate:1 1 udp 1 198.51.100.3 9 typ relay","sdpMid":"a.local"}""", "address-leak")]
    [TestCase(MessageTypes.Offer, "offer", """{"type":"offer","sdp":"v=0\r\nm=a 9 b 0\r\na=candidate:1 1 udp 1 1.1.1.1 9\r\na=mid:1::1"}""", "address-leak")]
    public async Task What_is_refused_whole_is_told_each_time(string type, string member, string payload, string reason)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);

        foreach (var id in new[] { "", ""","id":1""", ""","id":"two" """, "" })
            await call.Alice.SendRawAsync($$"""{"type":"{{type}}","token":"{{call.Alice.Token}}","targetUsername":"bob","{{member}}":{{payload}}{{id}}}""");

        foreach (var id in new[] { null, "1", "\"two\"", null })
        {
            var error = await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);
            Assert.That(error.Summary(), Is.EqualTo(("relay-policy", reason, (int?)null, type, "bob")));
            Assert.That(error.Has("id") ? error.GetProperty("id").GetRawText() : null, Is.EqualTo(id));
        }

        call.Server.Advance(2 * RelayReport.Interval, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Whoever_joins_again_is_told_anew()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Bob.CandidateAsync("alice", RelayRoom.Host);
        await ExpectDroppedAsync(call.Bob, 1, "type");
        await call.Bob.CandidateAsync("alice", RelayRoom.Liar);
        await call.Bob.LeaveAsync();
        await call.Bob.ExpectAsync(MessageTypes.Left);
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
        await call.JoinBobAsync();

        await call.Bob.CandidateAsync("alice", RelayRoom.Host);

        await ExpectDroppedAsync(call.Bob, 1, "type");
        call.Server.Advance(RelayReport.Interval, call.Alice, call.Bob);
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task A_legacy_sender_is_told_of_no_candidate()
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.V1, RelayRoom.Settings);
        await call.Alice.OfferAsync("bob", $"v=0\r\nm=audio 9 RTP/AVP 0\r\na={RelayRoom.Host}\r\na={RelayRoom.Relay(1)}\r\n");
        await call.Bob.ExpectAsync(MessageTypes.Offer);

        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", RelayRoom.Liar, id: 1);
        await call.Alice.SendAsync(MessageTypes.IceCandidate, new { targetUsername = "bob", candidate = new { candidate = 5 } });
        var leaking = new { candidate = RelayRoom.Relay(1), sdpMid = "192.168.1.7" };
        await call.Alice.SendAsync(MessageTypes.IceCandidate, new { targetUsername = "bob", candidate = leaking });

        await call.Alice.ExpectNothingAsync();
        call.Server.Advance(4 * RelayReport.Interval, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task A_legacy_sender_is_told_of_a_description_that_is_refused()
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.V1, RelayRoom.Settings);

        await call.Alice.OfferAsync("bob", "nonsense");

        var error = await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);
        Assert.That(error.Summary(), Is.EqualTo(("relay-policy", "malformed", (int?)null, MessageTypes.Offer, "bob")));
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task Where_the_policy_is_off_nobody_is_told_anything()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.SettingsWith(("MeshSignal:Calls:ForceRelay", "false")));
        await call.NegotiateAsync();

        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Host);
        await call.Alice.OfferAsync("bob", RelayRoom.EndedSdp);

        call.Server.Advance(2 * RelayReport.Interval, call.Alice, call.Bob);
        await call.Alice.ExpectNothingAsync();
    }

    private static async Task ExpectDroppedAsync(TestPeer sender, int dropped, string reason)
    {
        JsonElement error = await sender.ExpectErrorAsync(ErrorCode.RelayPolicy);
        Assert.That(error.Summary(), Is.EqualTo(("relay-policy", reason, dropped, MessageTypes.IceCandidate, (string?)null)));
        Assert.That(error.Has("id"), Is.False);
    }
}
