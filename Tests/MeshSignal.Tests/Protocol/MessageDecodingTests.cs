using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

internal sealed class MessageDecodingTests
{
    [Test]
    public void A_ping_needs_nothing_but_its_type()
    {
        var ping = Decoding.Decode<PingMessage>("""{"type":"ping"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ping.Token.IsEmpty);
            Assert.That(ping.Id, Is.Null);
        }
    }

    [TestCase("""{"type":"ping"}""", null)]
    [TestCase("""{"type":"ping","received":0}""", 0L)]
    [TestCase("""{"type":"ping","token":"t","received":42}""", 42L)]
    [TestCase("""{"type":"ping","rec\u0065ived":42}""", 42L)]
    [TestCase("""{"type":"ping","received":-0}""", 0L)]
    [TestCase("""{"type":"ping","received":9223372036854775807}""", long.MaxValue)]
    public void A_ping_may_say_how_much_has_arrived(string json, long? expected) => Assert.That(Decoding.Decode<PingMessage>(json).Received, Is.EqualTo(expected));

    [TestCase("-1")]
    [TestCase("9223372036854775808")]
    [TestCase("1e400")]
    [TestCase("1.0")]
    [TestCase("1e2")]
    [TestCase("\"1\"")]
    [TestCase("null")]
    [TestCase("true")]
    [TestCase("[1]")]
    [TestCase("{}")]
    public void A_count_is_an_integer_from_0_on(string received)
    {
        var failure = Decoding.Fail($$"""{"type":"ping","id":7,"received":{{received}}}""");
        Assert.That((failure.Code, failure.RequestType, failure.Id), Is.EqualTo((ErrorCode.InvalidMessage, "ping", (RequestId?)new RequestId(7))));
    }

    [Test]
    public void Only_a_ping_counts() => Decoding.Decode<TypingMessage>("""{"type":"typing","received":-1}""");

    [Test]
    public void A_chat_brings_its_content_as_written()
    {
        var chat = Decoding.Decode<ChatMessage>("""{"type":"chat","token":"t","content":" hi\n\u00e4 \ud83d\ude00 "}""");
        Assert.That(chat.Content, Is.EqualTo(" hi\nä 😀 "));
    }

    [Test]
    public void A_typing_is_decoded() => Decoding.Decode<TypingMessage>("""{"type":"typing","token":"t"}""");

    [Test]
    public void A_leave_is_decoded() => Decoding.Decode<LeaveMessage>("""{"type":"webrtc-leave","token":"t"}""");

    [Test]
    public void A_request_for_ICE_servers_needs_nothing_more()
    {
        var request = Decoding.Decode<IceServersRequest>("""{"type":"webrtc-ice-servers","token":"t","id":3,"iceServers":[{"urls":"turn:x"}],"iceTtlMs":1}""");
        Assert.That((request.Type, request.Token.Text(), request.Id), Is.EqualTo((MessageTypes.IceServers, "t", (RequestId?)new RequestId(3))));
        Assert.That(Decoding.Decode<IceServersRequest>("""{"type":"webrtc-ice-servers"}""").Id, Is.Null);
    }

    [TestCase("""{"type":"webrtc-join"}""")]
    [TestCase("""{"type":"webrtc-join","room":null,"mediaTypes":null,"previousPeerId":null}""")]
    public void A_join_may_leave_everything_open(string json)
    {
        var join = Decoding.Decode<JoinMessage>(json);
        Assert.That((join.Room, join.MediaTypes, join.PreviousPeerId), Is.EqualTo(((string?)null, (MediaTypes?)null, (PeerId?)null)));
    }

    [Test]
    public void A_join_brings_room_media_types_and_previous_stay()
    {
        var join = Decoding.Decode<JoinMessage>(
            """{"type":"webrtc-join","room":"standup","mediaTypes":["screen","audio"],"previousPeerId":"00ff00ff00ff00ff"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(join.Room, Is.EqualTo("standup"));
            Assert.That(join.MediaTypes, Is.EqualTo(MediaTypes.Audio | MediaTypes.Screen));
            Assert.That(join.PreviousPeerId?.Value, Is.EqualTo("00ff00ff00ff00ff"));
        }
    }

    [TestCase("[]", MediaTypes.None)]
    [TestCase("""["audio","audio"]""", MediaTypes.Audio)]
    [TestCase("""["v\u0069deo"]""", MediaTypes.Video)]
    [TestCase("""["audio","video","screen"]""", MediaTypes.Audio | MediaTypes.Video | MediaTypes.Screen)]
    [TestCase("""["Audio"]""", MediaTypes.Unknown)]
    [TestCase("""["audio",{"a":[1]},5,null,["video"]]""", MediaTypes.Audio | MediaTypes.Unknown)]
    public void Media_types_are_a_set_in_which_strangers_are_marked(string list, MediaTypes expected)
    {
        var change = Decoding.Decode<MediaChangeMessage>($$"""{"type":"webrtc-media-change","mediaTypes":{{list}}}""");
        Assert.That(change.MediaTypes, Is.EqualTo(expected));
    }

    [Test]
    public void A_directed_message_brings_its_target_and_payload()
    {
        var offer = Decoding.Decode<OfferMessage>("""{"type":"webrtc-offer","targetUsername":"bob","targetPeerId":"p","offer": {"sdp" : "v=0"} }""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((offer.TargetUsername, offer.TargetPeerId), Is.EqualTo(("bob", "p")));
            Assert.That(offer.Offer.Utf8.Text(), Is.EqualTo("""{"sdp" : "v=0"}"""));
        }
    }

    [Test]
    public void Answers_candidates_and_signals_are_decoded()
    {
        var answer = Decoding.Decode<AnswerMessage>("""{"type":"webrtc-answer","targetUsername":"bob","answer":{}}""");
        var candidate = Decoding.Decode<CandidateMessage>("""{"type":"webrtc-ice-candidate","targetUsername":"bob","candidate":{"candidate":"c"}}""");
        var signal = Decoding.Decode<SignalMessage>("""{"type":"webrtc-signal","targetUsername":"bob","signal":[1, 2]}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Answer.Utf8.Text(), Is.EqualTo("{}"));
            Assert.That(answer.TargetPeerId, Is.Null);
            Assert.That(candidate.Candidate.Utf8.Text(), Is.EqualTo("""{"candidate":"c"}"""));
            Assert.That(signal.Signal.Utf8.Text(), Is.EqualTo("[1, 2]"));
        }
    }

    [TestCase("true", true)]
    [TestCase("false", false)]
    [TestCase("1", false)]
    [TestCase("\"true\"", false)]
    [TestCase("null", false)]
    [TestCase("{}", false)]
    public void Only_true_asks_to_hold_a_candidate(string buffer, bool expected)
    {
        var candidate = Decoding.Decode<CandidateMessage>(
            $$"""{"type":"webrtc-ice-candidate","targetUsername":"bob","candidate":"c","buffer":{{buffer}}}""");
        Assert.That(candidate.Buffer, Is.EqualTo(expected));
    }

    [TestCase("""{"targetUsername":"bob","offer":{"type":"answer","sdp":"x"},"type":"webrtc-offer"}""")]
    [TestCase("""{"offer":{"type":"answer"},"type":"webrtc-offer","targetUsername":"bob"}""")]
    [TestCase("""{"x":{"type":"ping"},"y":["type"],"type":"webrtc-offer","offer":{},"targetUsername":"bob"}""")]
    [TestCase(" \r\n\t{ \"type\" : \"webrtc-offer\" ,\n\"offer\" : {} , \"targetUsername\" : \"bob\" } \n")]
    public void The_type_may_stand_anywhere(string json) => Decoding.Decode<OfferMessage>(json);

    [Test]
    public void Member_names_and_types_may_be_escaped()
    {
        var chat = Decoding.Decode<ChatMessage>(
            """{"\u0074ype":"ch\u0061t","\u0074oken":"t","\u0069d":"i","\u0063ontent":"hi"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(chat.Token.Text(), Is.EqualTo("t"));
            Assert.That(chat.Id, Is.EqualTo(new RequestId("i")));
            Assert.That(chat.Content, Is.EqualTo("hi"));
        }
    }

    [TestCase("\"abc\"", "abc")]
    [TestCase("""
              "\u0061b\u0063"
              """, "abc")]
    [TestCase("\"\"", "")]
    [TestCase("5", "")]
    [TestCase("null", "")]
    [TestCase("[\"abc\"]", "")]
    public void A_token_is_its_characters_and_nothing_else_is_one(string token, string expected) =>
        Assert.That(Decoding.Decode($$"""{"type":"typing","token":{{token}}}""").Token.Text(), Is.EqualTo(expected));

    [Test]
    public void Unknown_members_and_forged_senders_are_ignored() =>
        Decoding.Decode<ChatMessage>(
            """{"type":"chat","content":"hi","username":"root","fromUsername":1,"from":{},"__proto__":{"a":1},"Content":"x","TYPE":"ping"}""");

    [Test]
    public void What_a_message_brings_are_slices_of_the_buffer()
    {
        var utf8 = """{"type":"webrtc-offer","token":"abc","targetUsername":"bob","offer":{"sdp":"v=0"}}"""u8.ToArray();
        MessageCodec.TryDecode(utf8, out var message, out _);
        var offer = (OfferMessage)message!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(utf8.AsSpan().Overlaps(offer.Offer.Utf8.Span));
            Assert.That(utf8.AsSpan().Overlaps(offer.Token.Span));
        }
    }

    [TestCase("ping", typeof(PingMessage))]
    [TestCase("webrtc-signal", null)]
    [TestCase("PING", null)]
    [TestCase("ping ", null)]
    [TestCase("", null)]
    [TestCase("session-token", null)]
    [TestCase("webrtc-joined", null)]
    public void Types_are_compared_exactly(string type, Type? expected)
    {
        var json = $$"""{"type":"{{type}}"}""";
        if (expected is not null)
            Assert.That(Decoding.Decode(json), Is.TypeOf(expected));
        else
            Decoding.Fail(json);
    }
}
