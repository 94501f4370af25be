using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Routing;

/// <summary>js-chat-server's own words, in the place where its clients look for them.</summary>
internal sealed class LegacyErrorTests
{
    [Test]
    [TestCase(MessageTypes.Join, "{}", "Already in voice chat")]
    [TestCase(MessageTypes.Offer, """{"targetUsername":"bob"}""", "Invalid offer data")]
    [TestCase(MessageTypes.Offer, """{"offer":{}}""", "Invalid offer data")]
    [TestCase(MessageTypes.Offer, """{"targetUsername":"alice","offer":{}}""", "Invalid offer data")]
    [TestCase(MessageTypes.Offer, """{"targetUsername":"nobody","offer":{}}""", "Target user not in voice chat")]
    [TestCase(MessageTypes.Answer, """{"targetUsername":"bob","answer":null}""", "Invalid answer data")]
    [TestCase(MessageTypes.Answer, """{"targetUsername":7,"answer":{}}""", "Invalid answer data")]
    [TestCase(MessageTypes.Answer, """{"targetUsername":"nobody","answer":{}}""", "Target user not in voice chat")]
    [TestCase(MessageTypes.MediaChange, """{"mediaTypes":["smell"]}""", "Media type not allowed")]
    [TestCase("webrtc-dance", "{}", "Unknown WebRTC message type")]
    public async Task In_a_call_these_are_the_words(string type, string fields, string text)
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.Legacy);

        await call.Alice.SendRawAsync(WithToken(call.Alice, type, fields));

        var error = await call.Alice.ExpectAsync(MessageTypes.Error);
        Assert.That(error.Text("error"), Is.EqualTo(text));
        Assert.That(error.Text("timestamp"), Does.EndWith("Z"));
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    [TestCase(MessageTypes.Offer, """{"targetUsername":"bob","offer":{}}""")]
    [TestCase(MessageTypes.Answer, """{"targetUsername":"bob","answer":{}}""")]
    [TestCase(MessageTypes.MediaChange, """{"mediaTypes":["audio"]}""")]
    public async Task Outside_of_one_it_is_this(string type, string fields)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("alice");

        await alice.SendRawAsync(WithToken(alice, type, fields));

        Assert.That((await alice.ExpectErrorAsync(ErrorCode.NotJoined)).Text("error"), Is.EqualTo("Not in voice chat"));
    }

    [Test]
    public async Task A_leave_outside_of_a_call_is_silent()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("alice");

        await alice.LeaveAsync();

        await alice.ExpectNothingAsync();
    }

    [Test]
    [TestCase("""{"targetUsername":"nobody","candidate":{"candidate":"x"}}""")]
    [TestCase("""{"targetUsername":"alice","candidate":{"candidate":"x"}}""")]
    [TestCase("""{"targetUsername":"bob","candidate":5}""")]
    [TestCase("""{"targetUsername":"bob"}""")]
    [TestCase("""{"candidate":{"candidate":"x"}}""")]
    [TestCase("{}")]
    public async Task Candidates_fail_silently(string fields)
    {
        await using var call = await Pair.InCallAsync(Profile.Legacy, Profile.Legacy);

        await call.Alice.SendRawAsync(WithToken(call.Alice, MessageTypes.IceCandidate, fields));
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();

        await call.Alice.LeaveAsync();
        await call.Alice.SendRawAsync(WithToken(call.Alice, MessageTypes.IceCandidate, fields));
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    [TestCase("hello", "Invalid message format.")]
    [TestCase("", "Invalid message format.")]
    [TestCase("null", "Invalid message format.")]
    [TestCase("[]", "Invalid message format.")]
    [TestCase("7", "Invalid message format.")]
    [TestCase("""{"type":"chat",""", "Invalid message format.")]
    [TestCase("""{"content":"hello"}""", "Invalid message format.")]
    [TestCase("""{"type":null}""", "Invalid message format.")]
    [TestCase("""{"type":"dance","token":"TOKEN"}""", "Invalid message structure.")]
    [TestCase("""{"type":"chat","token":"TOKEN"}""", "Invalid message structure.")]
    [TestCase("""{"type":"dance"}""", "Invalid session token.")]
    [TestCase("""{"type":"chat"}""", "Invalid session token.")]
    public async Task What_is_no_message_is_told_as_a_line_of_the_systems(string text, string answer)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("alice");

        await alice.SendRawAsync(text.Replace("TOKEN", alice.Token, StringComparison.Ordinal));

        await alice.ExpectSystemAsync(answer);
        await alice.ExpectNothingAsync();
    }

    private static string WithToken(TestPeer peer, string type, string fields) =>
        $$"""{"type":"{{type}}","token":"{{peer.Token}}"{{(fields == "{}" ? "}" : "," + fields[1..])}}""";
}
