using System.Text;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

internal sealed class DecodeFailureTests
{
    private static readonly string[] ReadStrings =
    [
        """{"type":?}""",
        """{"type":"chat","content":?}""",
        """{"type":"ping","id":?}""",
        """{"type":"webrtc-join","room":?}""",
        """{"type":"webrtc-join","previousPeerId":?}""",
        """{"type":"webrtc-offer","offer":{},"targetUsername":?}""",
        """{"type":"webrtc-offer","offer":{},"targetUsername":"bob","targetPeerId":?}""",
        """{"type":"ping",?:1}""",
    ];

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("""["type","ping"]""")]
    [TestCase("5")]
    [TestCase("true")]
    [TestCase("\"ping\"")]
    [TestCase("NaN")]
    [TestCase("{")]
    [TestCase("{}}")]
    [TestCase("""{"type":"ping"}x""")]
    [TestCase("""{"type":"ping"} {}""")]
    [TestCase("""{"type":"ping"},""")]
    [TestCase("""{"type":"ping",}""")]
    [TestCase("""{"type":"ping" "id":1}""")]
    [TestCase("""{'type':'ping'}""")]
    [TestCase("""{type:"ping"}""")]
    [TestCase("""{"type":"ping"/* */}""")]
    [TestCase("""{"type":"ping","n":NaN}""")]
    [TestCase("""{"type":"ping","n":01}""")]
    [TestCase("{\"type\":\"ping\",\"n\":\"\n\"}")]
    [TestCase("\uFEFF{\"type\":\"ping\"}")]
    [TestCase("{\"type\":\"ping\"}\0")]
    public void What_is_no_json_object_is_malformed(string text) =>
        Assert.That(Decoding.Fail(text), Is.EqualTo(new DecodeFailure(ErrorCode.MalformedMessage, null, false, null)));

    [TestCase("{}")]
    [TestCase("""{"type":null}""")]
    [TestCase("""{"type":5}""")]
    [TestCase("""{"type":["ping"]}""")]
    [TestCase("""{"Type":"ping"}""")]
    public void Without_a_type_the_format_is_wrong(string json) => Assert.That(Decoding.Fail(json).Code, Is.EqualTo(ErrorCode.MalformedMessage));

    [TestCase("""{"type":"ping","type":"ping"}""")]
    [TestCase("""{"type":"ping","\u0074ype":"ping"}""")]
    [TestCase("""{"type":"chat","content":"a","content":"a"}""")]
    [TestCase("""{"type":"chat","content":"a","c\u006fntent":"a"}""")]
    [TestCase("""{"type":"ping","token":"a","token":"b"}""")]
    [TestCase("""{"type":"webrtc-offer","targetUsername":"bob","offer":{},"offer":{}}""")]
    [TestCase("""{"type":"webrtc-ice-candidate","targetUsername":"bob","candidate":"a","c\u0061ndidate":"b"}""")]
    [TestCase("""{"type":"ping","x":1,"x":2}""")]
    [TestCase("""{"type":"ping","x":1,"y":1,"\u0078":1}""")]
    [TestCase("""{"type":"ping","":1,"":1}""")]
    public void A_name_given_twice_is_refused(string json) => Assert.That(Decoding.Fail(json).Code.Wire, Is.EqualTo("invalid-message"));

    [Test]
    public void Names_inside_a_payload_are_the_peers_business() =>
        Decoding.Decode<SignalMessage>("""{"type":"webrtc-signal","targetUsername":"bob","signal":{"type":1,"type":2}}""");

    [TestCase("[", "]")]
    [TestCase("""{"a":""", "}")]
    public void Sixteen_levels_of_nesting_are_the_most(string open, string close)
    {
        Decoding.Decode<SignalMessage>(Nested(15));
        Decoding.Decode<ChatMessage>(Nested(15, "chat"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Decoding.Fail(Nested(16)).Code.Wire, Is.EqualTo("invalid-message"));
            Assert.That(Decoding.Fail(Nested(16, "chat")).Code.Wire, Is.EqualTo("invalid-message"));
            Assert.That(Decoding.Fail(Nested(60_000)).Code.Wire, Is.EqualTo("invalid-message"));
        }

        string Nested(int levels, string type = "webrtc-signal")
        {
            var value = $"{string.Concat(Enumerable.Repeat(open, levels))}1{string.Concat(Enumerable.Repeat(close, levels))}";
            return $$"""{"type":"{{type}}","content":"hi","targetUsername":"bob","signal":{{value}}}""";
        }
    }

    [TestCase("[", "1,", "1]", 1020)]
    [TestCase("[", "[],", "{}]", 1020)]
    [TestCase("{", "\"a\":null,", "\"b\":\"\"}", 1020)]
    public void A_message_holds_1024_values_at_most(string open, string item, string close, int most)
    {
        Decoding.Decode<SignalMessage>(Holding(most));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Decoding.Fail(Holding(most + 1)).Code.Wire, Is.EqualTo("invalid-message"));
            Assert.That(Decoding.Fail($"{{\"type\":\"ping\"{string.Concat(Enumerable.Range(0, 1024).Select(static i => $",\"x{i}\":1"))}}}").Code.Wire, Is.EqualTo("invalid-message"));
        }

        // Beside the items: type, target, and what holds them.
        string Holding(int items) =>
            $$"""{"type":"webrtc-signal","targetUsername":"bob","signal":{{open}}{{string.Concat(Enumerable.Repeat(item, items))}}{{close}}}""";
    }

    [TestCaseSource(nameof(ReadStrings))]
    public void Half_a_surrogate_pair_in_a_string_that_is_read_is_refused(string json)
    {
        foreach (var half in new[] { @"""\ud800""", @"""a\udfffb""", @"""\udc00\ud800""" })
            Assert.That(Decoding.Fail(json.Replace("?", half, StringComparison.Ordinal)).Code.Wire, Is.EqualTo("invalid-message"));
    }

    [Test]
    public void A_refused_message_is_not_given_out()
    {
        MessageCodec.TryDecode("""{"type":"chat","content":"\ud800"}"""u8.ToArray(), out var message, out _);
        Assert.That(message, Is.Null);
    }

    [Test]
    public void Half_a_surrogate_pair_is_no_media_type()
    {
        var utf8 = """{"type":"webrtc-media-change","mediaTypes":["\ud800"]}"""u8.ToArray();
        if (MessageCodec.TryDecode(utf8, out var message, out var failure))
            Assert.That(((MediaChangeMessage)message).MediaTypes, Is.EqualTo(MediaTypes.Unknown));
        else
            Assert.That(failure.Code, Is.EqualTo(ErrorCode.InvalidMessage));
    }

    [TestCaseSource(nameof(ReadStrings))]
    public void Bytes_that_are_not_utf8_never_throw(string json)
    {
        foreach (var bytes in new byte[][] { [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82] })
        {
            var parts = json.Split('?');
            byte[] utf8 = [.. Encoding.UTF8.GetBytes(parts[0]), (byte)'"', .. bytes, (byte)'"', .. Encoding.UTF8.GetBytes(parts[1])];
            Assert.That(() => MessageCodec.TryDecode(utf8, out _, out _), Throws.Nothing);
        }
    }

    [TestCase("""{"type":"chat"}""")]
    [TestCase("""{"type":"chat","content":null}""")]
    [TestCase("""{"type":"chat","content":5}""")]
    [TestCase("""{"type":"chat","content":{}}""")]
    [TestCase("""{"type":"chat","content":["hi"]}""")]
    [TestCase("""{"type":"webrtc-media-change"}""")]
    [TestCase("""{"type":"webrtc-media-change","mediaTypes":null}""")]
    [TestCase("""{"type":"webrtc-media-change","mediaTypes":5}""")]
    [TestCase("""{"type":"webrtc-media-change","mediaTypes":"audio"}""")]
    [TestCase("""{"type":"webrtc-join","mediaTypes":5}""")]
    [TestCase("""{"type":"webrtc-join","mediaTypes":{"0":"audio"}}""")]
    [TestCase("""{"type":"webrtc-join","room":5}""")]
    [TestCase("""{"type":"webrtc-join","previousPeerId":5}""")]
    [TestCase("""{"type":"webrtc-join","previousPeerId":""}""")]
    [TestCase("""{"type":"webrtc-join","previousPeerId":"00FF00FF00FF00FF"}""")]
    [TestCase("""{"type":"webrtc-join","previousPeerId":"00ff00ff00ff00ff0"}""")]
    [TestCase("""{"type":"webrtc-signal","targetUsername":"bob"}""")]
    [TestCase("""{"type":"webrtc-signal","targetUsername":"bob","signal":null}""")]
    public void A_member_that_is_missing_or_of_the_wrong_kind_makes_the_structure_wrong(string json) =>
        Assert.That(Decoding.Fail(json).Code, Is.EqualTo(ErrorCode.InvalidMessage));

    [TestCase("""{"type":"webrtc-offer","offer":{}}""")]
    [TestCase("""{"type":"webrtc-offer","offer":{},"targetUsername":null}""")]
    [TestCase("""{"type":"webrtc-answer","answer":{},"targetUsername":5}""")]
    [TestCase("""{"type":"webrtc-signal","signal":{},"targetUsername":{"a":"bob"}}""")]
    [TestCase("""{"type":"webrtc-ice-candidate","candidate":{},"targetUsername":"bob","targetPeerId":5}""")]
    [TestCase("""{"type":"webrtc-ice-candidate","candidate":{},"targetUsername":"bob","targetPeerId":null}""")]
    [TestCase("""{"type":"webrtc-offer","targetUsername":"","offer":"o"}""")]
    public void A_target_is_a_name_and_perhaps_a_stay(string json) => Assert.That(Decoding.Fail(json).Code, Is.EqualTo(ErrorCode.InvalidTarget));

    [TestCase("pong", false)]
    [TestCase("", false)]
    [TestCase("webrtc", false)]
    [TestCase("webrtc-", true)]
    [TestCase("webrtc-nothing", true)]
    [TestCase("webrtc-ice-server", true)]
    [TestCase("ice-servers", false)]
    [TestCase(@"w\u0065brtc-nothing", true)]
    public void An_unknown_type_is_said_to_be_of_signaling_or_of_the_chat(string type, bool isSignaling)
    {
        var failure = Decoding.Fail($$"""{"id":7,"type":"{{type}}"}""");
        Assert.That(failure, Is.EqualTo(new DecodeFailure(ErrorCode.UnknownType, null, isSignaling, new RequestId(7))));
    }

    [Test]
    public void What_is_known_of_a_refused_message_comes_with_the_refusal()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Decoding.Fail("""{"type":"webrtc-offer","id":"o1"}"""),
                Is.EqualTo(new DecodeFailure(ErrorCode.InvalidTarget, MessageTypes.Offer, true, new RequestId("o1"))));
            Assert.That(
                Decoding.Fail("""{"content":5,"id":2,"type":"chat"}"""),
                Is.EqualTo(new DecodeFailure(ErrorCode.InvalidMessage, MessageTypes.Chat, false, new RequestId(2))));
            Assert.That(
                Decoding.Fail("""{"type":"webrtc-join","id":{}}"""),
                Is.EqualTo(new DecodeFailure(ErrorCode.InvalidMessage, MessageTypes.Join, true, null)));
        }
    }

    [TestCase("""{"type":"webrtc-offer","token":"abc"}""", "abc")]
    [TestCase("""{"token":"\u0061bc","type":"nonsense"}""", "abc")]
    [TestCase("""{"type":"chat"}""", "")]
    [TestCase("""{"type":"chat","token":5}""", "")]
    [TestCase("""{"type":"ping","token":"abc","id":1.5}""", null)]
    [TestCase("""{"token":"abc"}""", null)]
    [TestCase("""{"type":"chat","token":"abc""", null)]
    public void What_has_a_type_shows_its_token_although_it_fails(string json, string? token) =>
        Assert.That(Decoding.FailingToken(json), Is.EqualTo(token));
}
