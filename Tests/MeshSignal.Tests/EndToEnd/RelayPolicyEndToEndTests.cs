using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeshSignal.Protocol;
using MeshSignal.Tests.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>
/// The promise, over real sockets: whatever a client sends, no address of its own comes out at the other end or in the log, what is honest arrives, and every
/// request has its one answer.
/// </summary>
internal sealed class RelayPolicyEndToEndTests
{
    private const int Messages = 600;

    // Found again wherever they come out, with or without what surrounds them. None is a relay's, and none is part of an honest message.
    private static readonly string[] Smuggled =
    [
        "192.168.17.7", "203.0.113.77", "10.11.12.13", "fe80::dead:1", "2001:db8:bad::7", "::ffff:10.11.12.13",
        "5c6c4a2e-7f6b-4a35-9b8a-0b7c6d5e4f3a.local", "Lan-Host.LOCAL",
    ];

    // What of those must not come out: the zone and the letters' case may differ, and an address may be cut in two.
    private static readonly string[] Forbidden =
        ["192.168.17", "203.0.113", "10.11.12.13", "fe80:", "dead:1", "db8:bad", "0a0b:0c0d", "a0b:c0d", "5c6c4a2e", "lan-host", ".local"];

    private static readonly (string Key, string Value)[] Settings =
    [
        .. RelayRoom.SettingsWith(("MeshSignal:Calls:Rooms:0:Pattern", "open"), ("MeshSignal:Calls:Rooms:0:ForceRelay", "false")),
        ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore", "Trace"),
    ];

    [TestCase(Profile.V1, 1)]
    [TestCase(Profile.V1, 2)]
    [TestCase(Profile.Legacy, 3)]
    [TestCase(Profile.Legacy, 4)]
    public async Task No_address_gets_through_and_all_that_is_honest_does(Profile sender, int seed)
    {
        await using var server = await RealServer.StartAsync(Settings);
        using var alice = sender == Profile.V1 ? await server.ConnectAsync("alice") : await server.ConnectLegacyAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        await bob.JoinAsync("demo");
        await alice.SettleAsync();
        await alice.SendAsync(MessageTypes.Join, new { room = "demo" });
        await alice.SettleAsync();
        await bob.ExpectAsync(MessageTypes.PeerJoined);
        await alice.OfferAsync("bob"); // So that no candidate waits, and all keep their order.
        await bob.ExpectAsync(MessageTypes.Offer);
        var random = new Random(seed);
        var honest = new List<string>();

        for (var i = 1; i <= Messages; i++)
        {
            var (type, member, payload) = i % 4 == 0 ? Honest(i, honest) : Hostile(random, sender);
            var message = new JsonObject { ["type"] = type, ["token"] = alice.Token, ["targetUsername"] = "bob", [member] = payload, ["id"] = i };
            if (random.Next(4) == 0)
                message["fromUsername"] = Pick(random, Smuggled);
            await alice.SendRawAsync(message.ToJsonString());

            // Neither may wait so long that its queue is full.
            if (i % 100 == 0)
            {
                await alice.SettleAsync();
                await bob.SettleAsync();
            }
        }

        await alice.SettleAsync();
        await bob.SettleAsync();
        using (Assert.EnterMultipleScope())
        {
            foreach (var received in bob.Received)
                AssertClean(received.GetRawText(), $"seed {seed}");
            foreach (var line in server.Log.Lines)
                AssertClean(line, $"log, seed {seed}");
            Assert.That(bob.Received.Select(Marked).Where(mark => mark is not null), Is.EqualTo(honest), $"seed {seed}");
            AssertAnswered(alice, sender, $"seed {seed}");
        }

        var refusals = server.Log.Lines.Count(line => line.Contains("the relay policy passed nothing", StringComparison.Ordinal));
        Assert.That(refusals, Is.GreaterThan(100), "the log is at its finest");
    }

    [Test]
    public async Task In_another_room_of_the_same_server_all_passes_byte_for_byte()
    {
        await using var server = await RealServer.StartAsync(Settings);
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        await bob.JoinAsync("open");
        await alice.JoinAsync("open");
        await bob.ExpectAsync(MessageTypes.PeerJoined);
        await alice.OfferAsync("bob");
        await bob.ExpectAsync(MessageTypes.Offer);
        var random = new Random(5);

        for (var i = 1; i <= 300; i++)
        {
            var (type, member, payload) = Hostile(random, Profile.V1);
            var text = (payload?.ToJsonString() ?? "null").Replace(",", " ,\t", StringComparison.Ordinal);
            await alice.SendRawAsync($$"""{"type":"{{type}}","token":"{{alice.Token}}","targetUsername":"bob","id":{{i}},"{{member}}":{{text}}}""");
            var answer = await alice.ReceiveAsync();

            // Some are refused because they are no candidate or signal at all, as in every room.
            if (answer.Text("type") == MessageTypes.Error)
                Assert.That(answer.Text("code"), Is.AnyOf("invalid-candidate", "invalid-description", "invalid-message"), text);
            else
                Assert.That((await bob.ExpectAsync(type)).GetProperty(member).GetRawText(), Is.EqualTo(text), "seed 5");
        }
    }

    /// <summary>One that must arrive, with a number to know it by.</summary>
    private static (string Type, string Member, JsonNode? Payload) Honest(int number, List<string> expected)
    {
        expected.Add(number.ToString(CultureInfo.InvariantCulture));
        var line = $"candidate:{number} 1 udp 41885439 198.51.100.3 50000 typ relay raddr 192.168.17.7 rport 61665 generation 0 network-id 3";
        var sdp = $"v=0\r\no=- {number} 2 IN IP4 203.0.113.77\r\ns=-\r\nt=0 0\r\nm=audio 54400 RTP/AVP 0\r\nc=IN IP4 203.0.113.77\r\na={line}\r\n";
        return (number % 3) switch
        {
            0 => (MessageTypes.Offer, "offer", new JsonObject { ["type"] = "offer", ["sdp"] = sdp }),
            1 => (MessageTypes.IceCandidate, "candidate", new JsonObject { ["candidate"] = line, ["sdpMid"] = "0", ["address"] = "10.11.12.13" }),
            _ => (MessageTypes.Answer, "answer", JsonValue.Create($"v=0\r\no=amira {number} 2 IN IP6 fe80::dead:1\r\na=x-lan:10.11.12.13\r\n")),
        };
    }

    /// <summary>The number of an honest message; null for what was made of a hostile one.</summary>
    private static string? Marked(JsonElement received)
    {
        var text = received.Text("type") switch
        {
            MessageTypes.Offer when received.GetProperty("offer").ValueKind == JsonValueKind.Object => received.GetProperty("offer").Text("sdp"),
            MessageTypes.Answer when received.GetProperty("answer").ValueKind == JsonValueKind.String => received.GetProperty("answer").GetString()!,
            MessageTypes.IceCandidate when received.GetProperty("candidate") is { ValueKind: JsonValueKind.Object } init && init.Has("candidate") =>
                init.GetProperty("candidate").ToString(),
            _ => "",
        };
        var start = text.StartsWith("candidate:", StringComparison.Ordinal) ? 10 : text.IndexOf("o=- ", StringComparison.Ordinal) + 4;
        return start < 4 || text[start..].Split(' ')[0] is not { } mark || mark == HostileMark ? null : mark;
    }

    private const string HostileMark = "999999";

    private static (string Type, string Member, JsonNode? Payload) Hostile(Random random, Profile sender)
    {
        var address = Pick(random, Smuggled);
        var kind = random.Next(sender == Profile.V1 ? 4 : 3);
        return kind switch
        {
            0 => (MessageTypes.IceCandidate, "candidate", HostileCandidate(random, address)),
            1 => (MessageTypes.Offer, "offer", HostileDescription(random, address, "offer")),
            2 => (MessageTypes.Answer, "answer", HostileDescription(random, address, "answer")),
            _ => (MessageTypes.Signal, "signal", HostileSignal(random, address)),
        };
    }

    private static string HostileLine(Random random, string address) => Pick(
        random,
        $"candidate:{HostileMark} 1 udp 2122260223 {address} 54400 typ host",
        $"candidate:{HostileMark} 1 udp 1685987071 {address} 61665 typ srflx raddr {address} rport 54400",
        $"candidate:{HostileMark} 1 udp 41885439 {address} 54400 typ relay raddr 0.0.0.0 rport 9",
        $"candidate:{HostileMark} 1 udp 41885439 [{address}]:1 54400 typ relay",
        $"candidate:{HostileMark} 1 udp 41885439 {address}%eth0 54400 typ relay",
        $"candidate:{HostileMark} 1 udp 41885439 198.51.100.3 54400 typ relay raddr {address} rport 9 x-lan {address} x-lan2 {address}",
        $"candidate:{HostileMark} 1 udp 41885439 198.51.100.3 54400 typ relay ufrag {address}",
        $"candidate:{HostileMark} 1 udp 41885439 198.51.100.3 54400 typ relay raddr 0.0.0.0 rport 9\r\na=candidate:1 1 udp 1 {address} 9 typ host",
        $"CANDIDATE:{address} 1 UDP 2122260223 {address} 54400 TYP HOST",
        $"candidate:{HostileMark}\t1\tudp\t1\t{address}\t9\ttyp\thost",
        $"candidate:{HostileMark} 1 udp 1 {address} 54400 typ  relay",
        address);

    private static JsonNode? HostileCandidate(Random random, string address)
    {
        var line = HostileLine(random, address);
        return Pick<Func<JsonNode?>>(
            random,
            () => line,
            () => new JsonObject { ["candidate"] = line, ["sdpMid"] = "0", ["sdpMLineIndex"] = 0 },
            () => new JsonObject { ["candidate"] = line, ["address"] = address, ["relatedAddress"] = address, ["url"] = $"stun:{address}", [address] = 1 },
            () => new JsonObject { ["candidate"] = "", ["sdpMid"] = address },
            () => new JsonObject { ["candidate"] = "", ["usernameFragment"] = address },
            () => new JsonObject { ["candidate"] = "", ["sdpMLineIndex"] = address },
            () => new JsonObject { ["type"] = "candidate", ["candidate"] = new JsonObject { ["candidate"] = line, ["ip"] = address } },
            () => new JsonObject { ["type"] = address, ["candidate"] = new JsonObject { ["candidate"] = "" } },
            () => new JsonObject { ["candidate"] = new JsonObject { ["candidate"] = new JsonObject { ["candidate"] = line } } },
            () => new JsonArray(line),
            () => null)();
    }

    private static JsonNode? HostileDescription(Random random, string address, string type)
    {
        var line = Pick(
            random,
            $"a={HostileLine(random, address)}",
            $"c=IN IP4 {address}",
            $"a=rtcp:54401 IN IP6 {address}",
            $"a=ssrc:1 cname:me@{address}",
            $"a=fmtp:96 x={address}",
            $"a=msid:{address} x",
            $"a=extmap:1 urn:{address}",
            $"a=x-lan:{address}",
            $"a=remote-candidates:1 {address} 9",
            $"i={address}\r\nu=http://{address}/\r\ne=me@{address}",
            $"b=AS:{address}",
            $"s={address}",
            $"x={address}",
            $"a=mid:{address}\ra=mid:0",
            address);
        var sdp = $"v=0\r\no=- {HostileMark} 2 IN IP4 {address}\r\ns=-\r\nt=0 0\r\nm=audio 54400 RTP/AVP 0\r\n{line}\r\na=mid:0\r\n";
        return Pick<Func<JsonNode?>>(
            random,
            () => sdp,
            () => new JsonObject { ["type"] = type, ["sdp"] = sdp },
            () => new JsonObject { ["type"] = type, ["sdp"] = sdp, ["ip"] = address, [address] = new JsonArray(address) },
            () => new JsonObject { ["type"] = type, ["sdp"] = new JsonObject { ["sdp"] = sdp } },
            () => new JsonObject { ["type"] = "pranswer", ["sdp"] = sdp },
            () => new JsonObject { ["type"] = "renegotiate", ["renegotiate"] = address },
            () => new JsonObject { ["type"] = "transceiverRequest", ["transceiverRequest"] = new JsonObject { ["kind"] = address } },
            () => new JsonArray(sdp),
            () => 5)();
    }

    private static JsonNode? HostileSignal(Random random, string address) => Pick<Func<JsonNode?>>(
        random,
        () => HostileDescription(random, address, "offer"),
        () => HostileDescription(random, address, "answer"),
        () => HostileCandidate(random, address),
        () => address,
        () => new JsonObject { ["signal"] = address },
        () => new JsonObject { ["type"] = "renegotiate", ["renegotiate"] = true, ["from"] = address },
        () => new JsonObject
        {
            ["type"] = "transceiverRequest",
            ["transceiverRequest"] = new JsonObject { ["kind"] = "audio", ["init"] = new JsonObject { ["direction"] = address, [address] = 1 } },
        })();

    /// <summary>Neither as it stands there nor with escapes resolved.</summary>
    private static void AssertClean(string text, string where)
    {
        foreach (var form in new[] { text, Unescaped(text) })
            foreach (var forbidden in Forbidden)
                Assert.That(form.Contains(forbidden, StringComparison.OrdinalIgnoreCase), Is.False, $"{where}: {forbidden} in {form}");
    }

    private static string Unescaped(string text)
    {
        try
        {
            return string.Join('\n', Strings(JsonElement.Parse(text)));
        }
        catch (JsonException)
        {
            return text; // A log line.
        }
    }

    private static IEnumerable<string> Strings(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Strings(member.Value).Prepend(member.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Strings),
        _ => [element.ToString()],
    };

    /// <summary>To v1 each request once; to legacy no answer to what passes, and of candidates that its call cannot work at most.</summary>
    private static void AssertAnswered(TestPeer sender, Profile profile, string where)
    {
        var errors = sender.Received.Where(message => message.Text("type") == MessageTypes.Error).ToList();
        if (profile == Profile.V1)
        {
            var answered = sender.Received.Where(message => message.Has("id")).Select(message => message.GetProperty("id").GetInt32());
            Assert.That(answered, Is.EqualTo(Enumerable.Range(1, Messages)), where);
            Assert.That(errors.Where(error => error.Has("id")).Select(error => error.Text("code")), Is.All.AnyOf(
                "relay-policy", "invalid-candidate", "invalid-description", "invalid-message"));
        }
        else
        {
            Assert.That(errors.RemoveAll(error => error.Text("code") == "relay-unavailable"), Is.LessThanOrEqualTo(1), where);
            Assert.That(errors.Select(error => error.Text("requestType")), Has.None.EqualTo(MessageTypes.IceCandidate), where);
        }
    }

    private static T Pick<T>(Random random, params T[] choices) => choices[random.Next(choices.Length)];
}
