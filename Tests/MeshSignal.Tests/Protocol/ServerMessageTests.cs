using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Protocol;

internal sealed class ServerMessageTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 14, 11, 26, 53, 589, TimeSpan.FromHours(2));

    [Test]
    public void Times_are_utc_with_three_decimals() =>
        Assert.That(MessageCodec.Encode(new PongMessage(Now)).Text(), Is.EqualTo("""{"type":"pong","timestamp":"2026-03-14T09:26:53.589Z"}"""));

    [Test]
    public void The_years_before_1000_are_written_out_too() =>
        Assert.That(MessageCodec.Encode(new PongMessage(default)).Text(), Does.Contain("\"0001-01-01T00:00:00.000Z\""));

    [Test]
    public void A_member_without_a_value_is_absent_but_for_the_name_in_a_system_line()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(MessageCodec.Encode(new LeftMessage(RoomName.Lobby, null)).Text(), Is.EqualTo("""{"type":"webrtc-left","room":"lobby"}"""));
            Assert.That(
                MessageCodec.Encode(new HistoryEntry("system", null, "hi", Now)).Text(),
                Is.EqualTo("""{"type":"system","username":null,"text":"hi","timestamp":"2026-03-14T09:26:53.589Z"}"""));
        }
    }

    [Test]
    public void Text_is_escaped_no_more_than_json_needs() =>
        Assert.That(MessageCodec.Encode(new SystemMessage("<b> & 'ä' \"\\\n")).Text(), Is.EqualTo("""{"type":"system","text":"<b> & 'ä' \"\\\n"}"""));

    [Test]
    public void A_token_message_names_the_profile_by_its_subprotocol()
    {
        Assert.That(
            MessageCodec.Encode(new SessionTokenMessage("00", Valid.Name("Ami"), Profile.V1, false, 0, ["ack"])).Text(),
            Is.EqualTo(
                """{"type":"session-token","token":"00","username":"Ami","protocol":"meshsignal.v1","resumed":false,"resumeGraceMs":0,"features":["ack"]}"""));
    }

    [TestCase(MediaTypes.None, "[]")]
    [TestCase(MediaTypes.Screen | MediaTypes.Audio, """["audio","screen"]""")]
    [TestCase(MediaTypes.Video | MediaTypes.Unknown, """["video"]""")]
    public void Media_types_are_a_list_of_names_without_strangers(MediaTypes types, string expected)
    {
        Assert.That(
            MessageCodec.Encode(new MediaChangedMessage(Valid.Name("Amira"), types)).Text(),
            Is.EqualTo($$"""{"type":"webrtc-media-changed","username":"Amira","mediaTypes":{{expected}}}"""));
    }

    [Test]
    public void History_is_made_of_lines_that_are_encoded_already()
    {
        EncodedMessage[] lines = [new("1"u8.ToArray()), new("2"u8.ToArray())];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(MessageCodec.EncodeHistory([]).Text(), Is.EqualTo("""{"type":"history","messages":[]}"""));
            Assert.That(MessageCodec.EncodeHistory(lines[..1]).Text(), Is.EqualTo("""{"type":"history","messages":[1]}"""));
            Assert.That(MessageCodec.EncodeHistory(lines).Text(), Is.EqualTo("""{"type":"history","messages":[1,2]}"""));
        }
    }

    [Test]
    public void Every_kind_has_a_wire_name_of_its_own()
    {
        // Samples are encoded ones, so each kind that has one can be encoded.
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ServerMessages.All.Select(sample => sample.Type), Is.Unique);
            Assert.That(ServerMessages.Kinds, Is.EquivalentTo(typeof(ServerMessage).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(ServerMessage)))));
        }
    }
}
