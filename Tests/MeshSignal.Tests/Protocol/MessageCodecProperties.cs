using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using FsCheck;
using FsCheck.Fluent;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

/// <summary>What holds for every text, found by trying many.</summary>
internal sealed class MessageCodecProperties
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(3000);

    private static readonly Gen<byte[]> Damaged =
        from json in RandomJson.Message
        from at in Gen.Choose(0, 10_000)
        from bytes in Gen.Frequency(
            (1, Gen.Choose(0, 255).Select(value => new[] { (byte)value })),
            (3, Gen.Elements("{}[]\":,\\/0-1.eEtnu \n\0".ToCharArray()).Select(character => (byte)character).ArrayOf(2)))
        from removed in Gen.Choose(0, 3)
        select Damage(Encoding.UTF8.GetBytes(json), at, bytes, removed);

    [Test]
    public void No_message_throws() =>
        Prop.ForAll(RandomJson.Message.ToArbitrary(), json => AssertJudged(Encoding.UTF8.GetBytes(json))).Check(Runs);

    [Test]
    public void The_grammar_is_that_of_the_framework() =>
        Prop.ForAll(RandomJson.Message.ToArbitrary(), json => AssertJudgedAsByTheFramework(Encoding.UTF8.GetBytes(json))).Check(Runs);

    [Test]
    public void The_grammar_is_that_of_the_framework_in_damaged_messages_too() =>
        Prop.ForAll(Damaged.ToArbitrary(), AssertJudgedAsByTheFramework).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

    [Test]
    public void No_damaged_message_throws() => Prop.ForAll(Damaged.ToArbitrary(), AssertJudged).Check(Runs);

    [Test]
    public void No_bytes_throw() =>
        Prop.ForAll(Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf().ToArbitrary(), AssertJudged).Check(Runs);

    [Test]
    public void A_relayed_payload_is_the_one_that_was_sent()
    {
        var payloads = RandomJson.Value(5).Where(payload => payload != "null");
        Prop.ForAll(payloads.ToArbitrary(), payload =>
        {
            var signal = Decoding.Decode<SignalMessage>($$"""{"signal": {{payload}} ,"type":"webrtc-signal","targetUsername":"bob"}""");
            var relayed = RelayedMessageTests.Relay(signal);
            JsonElement.Parse(relayed.Utf8.Span);
            Assert.That(
                relayed.Text(),
                Is.EqualTo($$"""{"type":"webrtc-signal","fromUsername":"Amira-_9","fromPeerId":"0123456789abcdef","signal":{{payload}}}"""));
        }).Check(Runs);
    }

    [Test]
    public void Whatever_is_said_the_message_stays_json() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            var encoded = MessageCodec.Encode(new SystemMessage(text.Get));

            // Halves of surrogate pairs cannot be written and are replaced.
            var expected = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get));
            Assert.That(JsonElement.Parse(encoded.Utf8.Span).GetProperty("text").GetString(), Is.EqualTo(expected));
        }).Check(Runs);

    private static void AssertJudged(byte[] utf8)
    {
        if (MessageCodec.TryDecode(utf8, out var message, out var failure))
            Assert.That(message, Is.Not.Null, () => Encoding.UTF8.GetString(utf8));
        else
            Assert.That((message is null, failure.Code is not null), Is.EqualTo((true, true)), () => Encoding.UTF8.GetString(utf8));
    }

    private static void AssertJudgedAsByTheFramework(byte[] utf8)
    {
        // A socket passes only UTF-8 on, so what becomes of anything else need not be the same.
        if (!Utf8.IsValid(utf8))
            return;

        var isDecoded = MessageCodec.TryDecode(utf8, out _, out var failure);
        var isRight = HasType(utf8) switch
        {
            null => !isDecoded && failure.Code == ErrorCode.MalformedMessage,
            false => !isDecoded,
            true => isDecoded || failure.Code != ErrorCode.MalformedMessage || failure.RequestType is null,
        };
        Assert.That(isRight, () => $"{failure}: {Encoding.UTF8.GetString(utf8)}");
    }

    /// <summary>Whether the message has a type, as <see cref="Utf8JsonReader"/> sees it; null if it is no JSON object or names a member twice.</summary>
    private static bool? HasType(byte[] utf8)
    {
        var (names, isTyped) = (new HashSet<string>(StringComparer.Ordinal), false);
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MessageCodec.MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (!names.Add(name))
                    return null;

                reader.Read();
                isTyped |= name == "type" && reader.TokenType == JsonTokenType.String && reader.GetString() is not null;
                reader.Skip();
            }

            reader.Read();
            return isTyped;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static byte[] Damage(byte[] utf8, int at, byte[] bytes, int removed)
    {
        var start = at % utf8.Length;
        return [.. utf8[..start], .. bytes, .. utf8[Math.Min(start + removed, utf8.Length)..]];
    }
}
