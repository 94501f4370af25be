using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

internal sealed class MediaTests
{
    [Test]
    public async Task A_change_is_told_to_the_others_only()
    {
        await using var call = await Pair.InCallAsync();

        await call.Alice.SendAsync(MessageTypes.MediaChange, new { mediaTypes = new[] { "screen", "audio" }, id = 1 });

        await call.Alice.ExpectAckAsync(1);
        var changed = await call.Bob.ExpectAsync(MessageTypes.MediaChanged);
        Assert.That(changed.Text("username"), Is.EqualTo("alice"));
        Assert.That(changed.Texts("mediaTypes"), Is.EquivalentTo(["audio", "screen"]));
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task A_later_newcomer_sees_the_change()
    {
        await using var call = await Pair.InCallAsync();
        await call.Alice.SendAsync(MessageTypes.MediaChange, new { mediaTypes = Array.Empty<string>(), id = 1 });
        await call.Alice.ExpectAckAsync(1);

        using var carol = await call.Server.ConnectAsync("carol");
        var roster = (await carol.JoinAsync("demo")).GetProperty("participants");

        Assert.That(roster[0].Texts("mediaTypes"), Is.Empty);
    }

    [Test]
    [TestCase("""["audio","video"]""")]
    [TestCase("""["audio","hologram"]""")]
    [TestCase("""["audio",5]""")]
    [TestCase("""[null]""")]
    [TestCase("""["Audio"]""")]
    public async Task A_change_with_anything_that_is_not_allowed_is_refused_whole(string mediaTypes)
    {
        await using var call = await Pair.InCallAsync(("MeshSignal:Calls:AllowVideo", "false"));

        await call.Alice.SendRawAsync($$"""{"type":"webrtc-media-change","token":"{{call.Alice.Token}}","mediaTypes":{{mediaTypes}},"id":1}""");

        await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed, 1);
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    [TestCase("5")]
    [TestCase("\"audio\"")]
    [TestCase("{}")]
    [TestCase("null")]
    public async Task What_is_no_list_is_an_invalid_message(string mediaTypes)
    {
        await using var call = await Pair.InCallAsync();

        await call.Alice.SendRawAsync($$"""{"type":"webrtc-media-change","token":"{{call.Alice.Token}}","mediaTypes":{{mediaTypes}},"id":1}""");

        await call.Alice.ExpectErrorAsync(ErrorCode.InvalidMessage, 1);
        await call.Bob.ExpectNothingAsync();
    }

    [Test]
    public async Task A_join_is_filtered_to_what_is_allowed()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Calls:AllowVideo", "false"), ("MeshSignal:Calls:AllowScreenShare", "false"));
        using var alice = await server.ConnectAsync("alice");

        await alice.SendRawAsync($$"""{"type":"webrtc-join","token":"{{alice.Token}}","mediaTypes":["video","audio","screen","smell",7]}""");

        var joined = await alice.ExpectAsync(MessageTypes.Joined);
        Assert.That(joined.GetProperty("participants")[0].Texts("mediaTypes"), Is.EqualTo(["audio"]));
    }

    [Test]
    public async Task Without_any_a_v1_client_may_watch_and_a_legacy_client_may_not_join()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Calls:AllowVideo", "false"));
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectLegacyAsync("Bob");

        await alice.SendAsync(MessageTypes.Join, new { mediaTypes = Array.Empty<string>() });
        Assert.That((await alice.ExpectAsync(MessageTypes.Joined)).GetProperty("participants")[0].Texts("mediaTypes"), Is.Empty);
        await bob.ExpectSystemAsync("alice joined voice chat");
        foreach (var mediaTypes in new string[][] { [], ["video"], ["smell"] })
        {
            await bob.SendAsync(MessageTypes.Join, new { mediaTypes });
            Assert.That((await bob.ExpectErrorAsync(ErrorCode.NoMediaTypes)).Text("error"), Is.EqualTo("No valid media types requested"));
        }

        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Who_says_nothing_about_media_sends_audio()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");

        await alice.SendAsync(MessageTypes.Join);

        Assert.That((await alice.ExpectAsync(MessageTypes.Joined)).GetProperty("participants")[0].Texts("mediaTypes"), Is.EqualTo(["audio"]));
    }
}
