using System.Diagnostics.Metrics;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>What passes between two peers where connections must go through a relay, and what does not.</summary>
internal sealed class RelayPolicyTests
{
    private const string RenegotiateSignal = """{"type":"renegotiate","renegotiate":true}""";

    private static readonly string[] NoRelays =
    [
        RelayRoom.Host,
        RelayRoom.Liar,
        "candidate:1 1 udp 2113937151 5c6c4a2e-7f6b-4a35-9b8a-0b7c6d5e4f3a.local 54400 typ host",
        "candidate:2 1 udp 1685987071 203.0.113.77 61665 typ srflx raddr 192.168.1.7 rport 54400",
        "candidate:9 1 udp 1853824767 203.0.113.77 61665 typ prflx raddr 192.168.1.7 rport 54400",
        "candidate:1 1 udp 41885439 relay.example.org 54400 typ relay raddr 0.0.0.0 rport 9",
        "candidate:1 1 ssltcp 41885439 198.51.100.3 54400 typ relay raddr 0.0.0.0 rport 9",
        "candidate:1 1 udp 2122260223 192.168.1.7 54400 typ  host",
        "192.168.1.7",
    ];

    [TestCaseSource(nameof(NoRelays))]
    public async Task What_is_no_relay_candidate_is_dropped(string candidate)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.NegotiateAsync();

        await call.Alice.CandidateAsync("bob", candidate);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));

        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
    }

    [TestCase(Profile.V1, Profile.V1)]
    [TestCase(Profile.V1, Profile.Legacy)]
    [TestCase(Profile.Legacy, Profile.V1)]
    [TestCase(Profile.Legacy, Profile.Legacy)]
    public async Task A_relay_candidate_passes_without_the_address_behind_it(Profile alice, Profile bob)
    {
        await using var call = await Pair.InCallAsync(alice, bob, RelayRoom.Settings);
        await call.NegotiateAsync();

        await call.Alice.CandidateAsync("bob", "candidate:1 1 UDP 41885439 198.51.100.3 50001 typ relay raddr 203.0.113.77 rport 6 generation 0 network-id 3");
        await call.Bob.CandidateAsync("alice", "candidate:1 1 tcp 41885439 2001:db8:7::5 50002 typ relay raddr fe80::1 rport 61665 tcptype passive");

        await call.Bob.ExpectCandidateAsync("alice", "candidate:1 1 udp 41885439 198.51.100.3 50001 typ relay raddr 0.0.0.0 rport 9 generation 0");
        await call.Alice.ExpectCandidateAsync("bob", "candidate:1 1 tcp 41885439 2001:db8:7::5 50002 typ relay raddr :: rport 9 tcptype passive");
    }

    [TestCase(MessageTypes.Offer, "offer", """{"type":"offer","sdp":"SDP"}""")]
    [TestCase(MessageTypes.Offer, "offer", "\"SDP\"")]
    [TestCase(MessageTypes.Answer, "answer", """{"type":"answer","sdp":"SDP"}""")]
    [TestCase(MessageTypes.Answer, "answer", "\"SDP\"")]
    [TestCase(MessageTypes.Signal, "signal", """{"type":"offer","sdp":"SDP"}""")]
    [TestCase(MessageTypes.Signal, "signal", """{"type":"answer","sdp":"SDP"}""")]
    public async Task A_description_passes_with_relay_candidates_only_and_no_other_address(string type, string member, string shape)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        var (came, left) = (
            $@"v=0\r\no=amira 1 2 IN IP4 10.0.0.1\r\ns=at home\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 54400 RTP/AVP 0\r\na=rtcp:54401 IN IP4 10.0.0.1\r\n"
                + $@"a={RelayRoom.Host}\r\na={RelayRoom.Relay(1)}\r\na=x-lan:10.0.0.1\r\na=mid:0\r\n",
            @"v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
                + $@"a={RelayRoom.Relay(1)}\r\na=mid:0\r\n");

        await SendAsync(call.Alice, type, member, Of(came), ""","id":1""");

        var arrived = await call.Bob.ExpectAsync(type);
        Assert.That(arrived.GetProperty(member).GetRawText(), Is.EqualTo(Of(left)));
        Assert.That((arrived.Text("fromUsername"), arrived.Text("fromPeerId")), Is.EqualTo(("alice", call.Alice.PeerId)));

        string Of(string sdp) => shape.Replace("SDP", sdp, StringComparison.Ordinal);
    }

    [TestCase(MessageTypes.Offer, "offer", """{"type":"answer","sdp":"v=0"}""")]
    [TestCase(MessageTypes.Answer, "answer", """{"type":"offer","sdp":"v=0"}""")]
    [TestCase(MessageTypes.Offer, "offer", """{"sdp":"v=0"}""")]
    [TestCase(MessageTypes.Offer, "offer", """{"type":"offer","sdp":"v=0","sdp":"v=0"}""")]
    [TestCase(MessageTypes.Offer, "offer", "\"hello from 192.168.1.7\"")]
    [TestCase(MessageTypes.Offer, "offer", """{"type":"offer","sdp":"v=0\r\nnonsense"}""")]
    [TestCase(MessageTypes.Offer, "offer", """{"type":"offer","sdp":"v=0\r\na=ssrc:1 cname:me@192.168.1.7"}""")]
    [TestCase(MessageTypes.Signal, "signal", "\"192.168.1.7\"")]
    [TestCase(MessageTypes.Signal, "signal", "[1]")]
    [TestCase(MessageTypes.Signal, "signal", """{"ip":"192.168.1.7"}""")]
    [TestCase(MessageTypes.IceCandidate, "candidate", """{"candidate":{"candidate":{"candidate":""}}}""")]
    [TestCase(MessageTypes.IceCandidate, "candidate", """{"candidate":"candidate:1 1 udp 1 198.51.100.3 50001 typ relay","sdpMid":"192.168.1.7"}""")]
    public async Task What_the_policy_cannot_rebuild_does_not_pass_at_all(string type, string member, string payload)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.NegotiateAsync();

        await SendAsync(call.Alice, type, member, payload);

        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);
        await call.Bob.ExpectNothingAsync();
    }

    [TestCase(RenegotiateSignal, RenegotiateSignal)]
    [TestCase("""{"type":"renegotiate","renegotiate":true,"ip":"192.168.1.7"}""", RenegotiateSignal)]
    [TestCase(
        """{"type":"transceiverRequest","transceiverRequest":{"kind":"audio","init":{"direction":"sendrecv","x":1}}}""",
        """{"type":"transceiverRequest","transceiverRequest":{"kind":"audio","init":{"direction":"sendrecv"}}}""")]
    [TestCase("""{"type":"candidate","candidate":{"candidate":"","sdpMid":"0"}}""", """{"type":"candidate","candidate":{"candidate":"","sdpMid":"0"}}""")]
    public async Task Signals_of_known_shapes_pass_rebuilt(string signal, string expected)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);

        await SendAsync(call.Alice, MessageTypes.Signal, "signal", signal, ""","id":1""");

        Assert.That((await call.Bob.ExpectAsync(MessageTypes.Signal)).GetProperty("signal").GetRawText(), Is.EqualTo(expected));
        await call.Alice.ExpectAckAsync(1);
    }

    [Test]
    public async Task A_refused_description_changes_nothing()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(1));

        await call.Alice.OfferAsync("bob", "no description");
        await call.Alice.ExpectErrorAsync(ErrorCode.RelayPolicy);
        await call.Bob.ExpectNothingAsync();
        await call.Alice.OfferAsync("bob");

        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
    }

    [TestCase("null", false)]
    [TestCase("\"\"", false)]
    [TestCase("""{"candidate":"","sdpMid":"0"}""", true)]
    [TestCase("""{"candidate":null}""", true)]
    [TestCase("""{"sdpMid":"0"}""", true)]
    public async Task An_end_of_candidates_passes_but_to_legacy_only_as_an_object(string candidate, bool passesToLegacy)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        using var carol = await call.AddAsync("carol", Profile.Legacy);
        foreach (var (to, peer) in new[] { ("bob", call.Bob), ("carol", carol) })
        {
            await call.Alice.OfferAsync(to);
            await call.Alice.CandidateAsync(to, RelayRoom.Relay(1));
            await peer.ExpectAsync(MessageTypes.Offer);
            await peer.ExpectCandidateAsync("alice", RelayRoom.Relay(1));
            await SendAsync(call.Alice, MessageTypes.IceCandidate, "candidate", candidate, $$""","id":"{{to}}" """, to);
            await call.Alice.ExpectAckAsync(to);
            if (peer == call.Bob || passesToLegacy)
                Assert.That((await peer.ExpectAsync(MessageTypes.IceCandidate)).GetProperty("candidate").GetRawText(), Is.EqualTo(candidate));
            await peer.ExpectNothingAsync();
        }
    }

    [Test]
    public async Task What_cannot_be_addressed_is_not_judged()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);

        await call.Alice.CandidateAsync("carol", RelayRoom.Host, id: 1);
        await call.Alice.OfferAsync("alice", "no description", id: 2);
        await call.Alice.SendAsync(MessageTypes.Signal, new { targetUsername = "bob", targetPeerId = "0123456789abcdef", signal = 5, id = 3 });

        await call.Alice.ExpectErrorAsync(ErrorCode.TargetNotFound, 1);
        await call.Alice.ExpectErrorAsync(ErrorCode.InvalidTarget, 2);
        await call.Alice.ExpectErrorAsync(ErrorCode.TargetNotFound, 3);
    }

    [Test]
    public async Task Where_the_operator_trusts_the_type_the_address_does_not_matter()
    {
        await using var call = await Pair.InCallAsync(
            RelayRoom.SettingsWith(("MeshSignal:Ice:RelayRanges:0", "198.51.100.1"), ("MeshSignal:Ice:TrustRelayCandidateType", "true")));
        await call.NegotiateAsync();

        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", RelayRoom.Liar);

        await call.Bob.ExpectCandidateAsync("alice", RelayRoom.Liar);
    }

    [TestCase(MessageTypes.Offer, "offer", """{ "type":"offer" ,"sdp":"v=0\r\nc=IN IP4 10.0.0.1\r\na=candidate:1 1 udp 1 a.local 9 typ x","\u0061":1.50}""")]
    [TestCase(MessageTypes.Offer, "offer", "\"no description at all: 192.168.1.7\"")]
    [TestCase(MessageTypes.Answer, "answer", """{"sdp" : "v=0"}""")]
    [TestCase(MessageTypes.IceCandidate, "candidate", """{"candidate":"candidate:1 1 udp 1 10.0.0.1 9 typ host","address":"10.0.0.1", "sdpMid":"fe80::1"}""")]
    [TestCase(MessageTypes.IceCandidate, "candidate", "\"5\"")]
    [TestCase(MessageTypes.IceCandidate, "candidate", "null")]
    [TestCase(MessageTypes.Signal, "signal", """[ "192.168.1.7", 1e3 , {"b":1,"b":2}]""")]
    public async Task Where_the_policy_is_off_all_passes_byte_for_byte(string type, string member, string payload)
    {
        await using var call = await Pair.InCallAsync(RelayRoom.SettingsWith(("MeshSignal:Calls:ForceRelay", "false")));
        await call.NegotiateAsync();

        await SendAsync(call.Alice, type, member, payload, ""","id":1""");

        Assert.That((await call.Bob.ExpectAsync(type)).GetProperty(member).GetRawText(), Is.EqualTo(payload));
        await call.Alice.ExpectAckAsync(1);
    }

    [Test]
    public async Task What_was_dropped_and_what_was_refused_is_counted_by_reason()
    {
        await using var call = await Pair.InCallAsync(RelayRoom.Settings);
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Scope == call.Server.Get<IMeterFactory>())
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            lock (counts)
            {
                var key = $"{instrument.Name.Split('.')[^1]} {tags[0].Value}";
                counts[key] = counts.GetValueOrDefault(key) + value;
            }
        });
        listener.Start();

        await call.Alice.OfferAsync("bob", $"v=0\r\nm=audio 9 RTP/AVP 0\r\na={RelayRoom.Host}\r\na={RelayRoom.Liar}\r\na={RelayRoom.Relay(1)}");
        await call.Alice.CandidateAsync("bob", RelayRoom.Host);
        await call.Alice.CandidateAsync("bob", RelayRoom.Relay(2));
        await call.Alice.OfferAsync("bob", "no description");
        await call.Alice.OfferAsync("bob", $"v=0\r\nm=audio 9 RTP/AVP 0\r\na={RelayRoom.Host}\r\na=ssrc:1 cname:me@192.168.1.7");
        await call.Alice.SettleAsync();

        var expected = new Dictionary<string, long>(StringComparer.Ordinal)
        {
            ["candidates_dropped type,address"] = 2, ["candidates_dropped type"] = 1, ["messages_refused malformed"] = 1, ["messages_refused address-leak"] = 1,
        };
        lock (counts)
            Assert.That(counts, Is.EquivalentTo(expected));
    }

    private static Task SendAsync(TestPeer peer, string type, string member, string payload, string more = "", string to = "bob") =>
        peer.SendRawAsync($$"""{"type":"{{type}}","token":"{{peer.Token}}","targetUsername":"{{to}}","{{member}}":{{payload}}{{more}}}""");
}

/// <summary>Settings under which every call must be relayed, and candidates that may pass there and that may not.</summary>
internal static class RelayRoom
{
    public const string Secret = "north-star-of-the-turn-server";

    public const string TurnUrl = "turn:turn.example.org:3478?transport=udp";

    public const string Host = "candidate:1 1 udp 2122260223 192.168.1.7 54400 typ host generation 0";

    /// <summary>Says that it is a relay's, and is not.</summary>
    public const string Liar = "candidate:1 1 udp 41885439 203.0.113.77 54400 typ relay raddr 0.0.0.0 rport 9";

    /// <summary>A description that ends the candidates.</summary>
    public const string EndedSdp = "v=0\r\nm=audio 9 RTP/AVP 0\r\na=end-of-candidates\r\n";

    public static (string Key, string Value)[] Settings =>
    [
        ("MeshSignal:Calls:ForceRelay", "true"), ("MeshSignal:Ice:TurnUrls:0", TurnUrl), ("MeshSignal:Ice:TurnSecret", Secret),
        ("MeshSignal:Ice:RelayRanges:0", "198.51.100.0/28"), ("MeshSignal:Ice:RelayRanges:1", "2001:db8:7::/64"),
    ];

    /// <summary>The same with others in the place of some, or beside them.</summary>
    public static (string Key, string Value)[] SettingsWith(params (string Key, string Value)[] others) =>
        [.. Settings.ExceptBy(others.Select(setting => setting.Key), setting => setting.Key, StringComparer.Ordinal), .. others];

    /// <summary>A candidate that passes as it is.</summary>
    public static string Relay(int number) => $"candidate:{number} 1 udp 41885439 198.51.100.3 {50_000 + number} typ relay raddr 0.0.0.0 rport 9";

    /// <summary>Code, reason and count of an error, and what it is about.</summary>
    public static (string Code, string? Reason, int? Dropped, string RequestType, string? Target) Summary(this JsonElement error) => (
        error.Text("code"),
        error.Has("reason") ? error.Text("reason") : null,
        error.Has("dropped") ? error.GetProperty("dropped").GetInt32() : null,
        error.Text("requestType"),
        error.Has("targetUsername") ? error.Text("targetUsername") : null);
}
