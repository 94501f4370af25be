using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Rooms;
using MeshSignal.Tests.Moderation;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>What peers may say that they send: what the room allows to all, and who they are to them.</summary>
internal sealed class MediaRightsTests
{
    private static readonly string[] All = ["audio", "video", "screen"];

    private static readonly (string, string)[] Rooms =
    [
        ("MeshSignal:Calls:AllowScreenShare", "false"),
        ("MeshSignal:Calls:Rooms:0:Pattern", "quiet-*"), ("MeshSignal:Calls:Rooms:0:AllowVideo", "false"), ("MeshSignal:Calls:Rooms:0:MaxParticipants", "3"),
        ("MeshSignal:Calls:Rooms:1:Pattern", "*-stage"), ("MeshSignal:Calls:Rooms:1:AllowScreenShare", "true"),
    ];

    [TestCase("lobby", "audio,video")]
    [TestCase("quiet-1", "audio")]
    [TestCase("my-stage", "audio,video,screen")]
    [TestCase("quiet-stage", "audio")] // The first that matches.
    public async Task A_room_allows_what_it_is_set_to(string room, string allowed)
    {
        await using var server = await TestServer.StartAsync(Rooms);
        using var alice = await server.ConnectAsync("alice");

        var joined = await alice.JoinAsync(room, All);

        AssertRights(joined, allowed.Split(','));
        foreach (var type in All)
        {
            await alice.SendAsync(MessageTypes.MediaChange, new { mediaTypes = new[] { type }, id = type });
            if (allowed.Split(',').Contains(type, StringComparer.Ordinal))
                await alice.ExpectAckAsync(type);
            else
                await alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed, type);
        }
    }

    [Test]
    public async Task A_room_is_as_large_as_it_is_set_to_be()
    {
        await using var server = await TestServer.StartAsync(Rooms);
        for (var i = 1; i <= 4; i++)
        {
            using var peer = await server.ConnectAsync($"peer-{i}");
            if (i <= 3)
            {
                Assert.That((await peer.JoinAsync("quiet-1")).GetProperty("config").GetProperty("maxParticipants").GetInt32(), Is.EqualTo(3));
                continue;
            }

            await peer.SendAsync(MessageTypes.Join, new { room = "quiet-1" });
            Assert.That((await peer.ExpectErrorAsync(ErrorCode.RoomFull)).Text("error"), Is.EqualTo("Voice chat is full (3 maximum)"));
            Assert.That((await peer.JoinAsync("lobby")).GetProperty("config").GetProperty("maxParticipants").GetInt32(), Is.EqualTo(8));
        }
    }

    [TestCase(MediaTypes.Audio, "lobby", "audio")]
    [TestCase(MediaTypes.Video | MediaTypes.Screen, "lobby", "video")]
    [TestCase(MediaTypes.Video | MediaTypes.Screen, "my-stage", "video,screen")]
    [TestCase(MediaTypes.Video, "quiet-1", "")]
    [TestCase(MediaTypes.None, "lobby", "")]
    public async Task Who_somebody_is_narrows_it_further(MediaTypes identity, string room, string allowed)
    {
        await using var server = await TestServer.StartAsync(Rooms);
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        server.SessionOf(alice).Identity = new Identity { Media = identity };

        AssertRights(await alice.JoinAsync(room, All), allowed is "" ? [] : allowed.Split(','));

        var seen = (await bob.JoinAsync(room, "audio")).GetProperty("participants");
        Assert.That(seen[0].Texts("mediaTypes"), Is.EqualTo(allowed is "" ? [] : allowed.Split(',')));
        Assert.That(seen[1].Texts("mediaTypes"), Is.EqualTo(["audio"]), "whose rights are another's");
        await alice.ExpectAsync(MessageTypes.PeerJoined);
        foreach (var mediaTypes in new string[][] { All, ["hologram"], ["audio", "screen"] })
        {
            if (mediaTypes.Except(allowed.Split(','), StringComparer.Ordinal).Any())
            {
                await alice.SendAsync(MessageTypes.MediaChange, new { mediaTypes, id = 1 });
                await alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed, 1);
            }
        }

        await bob.ExpectNothingAsync();
    }

    [TestCase(Profile.V1)]
    [TestCase(Profile.Legacy)]
    public async Task Rights_are_those_of_the_moment_of_the_join(Profile profile)
    {
        await using var call = await Pair.InCallAsync(profile, Profile.V1);
        call.Server.SessionOf(call.Alice).Identity = new Identity { Media = MediaTypes.None };

        await call.Alice.SendAsync(MessageTypes.MediaChange, new { mediaTypes = All });
        await call.Bob.ExpectAsync(MessageTypes.MediaChanged);
        await call.Alice.LeaveAsync();
        await call.Alice.SettleAsync();
        await call.Alice.SendAsync(MessageTypes.Join, new { room = "demo", mediaTypes = All });

        if (profile == Profile.V1)
            AssertRights(await call.Alice.ExpectAsync(MessageTypes.Joined), []);
        else
            Assert.That((await call.Alice.ExpectErrorAsync(ErrorCode.NoMediaTypes)).Text("error"), Is.EqualTo("No valid media types requested"));
    }

    /// <summary>Else whoever asks for rooms that do not let it in would fill the server with them.</summary>
    [Test]
    public async Task A_join_that_is_refused_leaves_no_empty_room()
    {
        await using var server = await TestServer.StartAsync(Rooms);
        using var alice = await server.ConnectLegacyAsync("Alice", chat: false);

        foreach (var room in new[] { "quiet-1", "quiet-2" })
        {
            await alice.SendAsync(MessageTypes.Join, new { room, mediaTypes = new[] { "video" } });
            await alice.ExpectErrorAsync(ErrorCode.NoMediaTypes);
        }

        Assert.That(server.Get<RoomStore>().Count, Is.Zero);
        await alice.JoinAsync("quiet-1");
        Assert.That(server.Get<RoomStore>().Count, Is.EqualTo(1));
        using var bob = await server.ConnectLegacyAsync("Bob", chat: false);
        await bob.SendAsync(MessageTypes.Join, new { room = "quiet-1", mediaTypes = new[] { "video" } });
        await bob.ExpectErrorAsync(ErrorCode.NoMediaTypes);
        Assert.That(server.Get<RoomStore>().Count, Is.EqualTo(1));
    }

    /// <summary>A legacy peer reads the config with each newcomer; it must be its own, too.</summary>
    [Test]
    public async Task A_legacy_peer_is_told_its_own_rights_again()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice", chat: false);
        using var bob = await server.ConnectAsync("bob");
        server.SessionOf(alice).Identity = new Identity { Media = MediaTypes.Audio | MediaTypes.Screen };
        await alice.JoinAsync();

        Assert.That(Allowed(await bob.JoinAsync()), Is.EqualTo((true, true)));

        Assert.That(Allowed(await alice.ExpectAsync(MessageTypes.PeerJoined)), Is.EqualTo((false, true)));
    }

    private static void AssertRights(JsonElement joined, string[] allowed)
    {
        Assert.That(joined.GetProperty("participants").EnumerateArray().Last().Texts("mediaTypes"), Is.EqualTo(allowed));
        Assert.That(Allowed(joined), Is.EqualTo((allowed.Contains("video", StringComparer.Ordinal), allowed.Contains("screen", StringComparer.Ordinal))));
    }

    private static (bool Video, bool Screen) Allowed(JsonElement message)
    {
        var config = message.GetProperty("config");
        return (config.GetProperty("allowVideo").GetBoolean(), config.GetProperty("allowScreenShare").GetBoolean());
    }
}
