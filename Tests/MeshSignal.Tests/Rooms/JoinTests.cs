using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

internal sealed class JoinTests
{
    [Test]
    public async Task The_newcomer_sees_everybody_in_the_order_they_joined_and_itself_last()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectLegacyAsync("Bob", chat: false);
        using var carol = await server.ConnectAsync("carol");
        await alice.JoinAsync("demo", "audio", "video");
        await bob.JoinAsync("demo");

        var joined = await carol.JoinAsync("demo", "screen");

        var roster = joined.GetProperty("participants").EnumerateArray().ToList();
        Assert.That(roster.Select(peer => peer.Text("username")), Is.EqualTo(["alice", "Bob", "carol"]));
        Assert.That(roster.Select(peer => peer.Text("peerId")), Is.EqualTo([alice.PeerId, bob.PeerId, carol.PeerId]));
        Assert.That(roster.Select(peer => peer.Text("profile")), Is.EqualTo(["meshsignal.v1", "legacy", "meshsignal.v1"]));
        Assert.That(roster.Select(peer => peer.Text("status")), Is.All.EqualTo("connected"));
        Assert.That(roster[0].Texts("mediaTypes"), Is.EqualTo(["audio", "video"]));
        Assert.That(roster[2].Texts("mediaTypes"), Is.EqualTo(["screen"]));
        Assert.That((joined.Text("room"), joined.Text("peerId")), Is.EqualTo(("demo", roster[2].Text("peerId"))));
        Assert.That(joined.Text("peerId"), Does.Match("^[0-9a-f]{16}$"));
    }

    [Test]
    public async Task The_newcomer_is_polite_towards_all_and_they_are_not_towards_it()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        await alice.JoinAsync();

        var roster = (await bob.JoinAsync()).GetProperty("participants");

        Assert.That(roster[0].GetProperty("polite").GetBoolean(), Is.True);
        Assert.That(roster[1].Has("polite"), Is.False, "absent for oneself");
        var announced = await alice.ExpectAsync(MessageTypes.PeerJoined);
        Assert.That(announced.GetProperty("polite").GetBoolean(), Is.False);
        Assert.That((announced.Text("room"), announced.Text("username"), announced.Text("peerId"), announced.Text("profile")),
            Is.EqualTo(("lobby", "bob", bob.PeerId, "meshsignal.v1")));
        Assert.That(announced.Texts("mediaTypes"), Is.EqualTo(["audio"]));
    }

    [Test]
    public async Task What_holds_in_the_room_is_told_truthfully()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Calls:AllowVideo", "false"), ("MeshSignal:Calls:MaxParticipants", "5"));
        using var alice = await server.ConnectAsync("alice");

        var config = (await alice.JoinAsync()).GetProperty("config");

        Assert.That(config.GetProperty("allowVideo").GetBoolean(), Is.False);
        Assert.That(config.GetProperty("allowScreenShare").GetBoolean(), Is.True);
        Assert.That(config.GetProperty("forceRelay").GetBoolean(), Is.False);
        Assert.That(config.GetProperty("maxParticipants").GetInt32(), Is.EqualTo(5));
        Assert.That(config.GetProperty("iceServers").GetArrayLength(), Is.Zero);
        Assert.That(config.Text("iceTransportPolicy"), Is.EqualTo("all"));
    }

    [Test]
    public async Task Whoever_returns_may_say_which_stay_it_continues()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        using var carol = await server.ConnectAsync("carol");
        await alice.JoinAsync();

        await bob.SendAsync(MessageTypes.Join, new { previousPeerId = "0123456789abcdef" });

        Assert.That((await alice.ExpectAsync(MessageTypes.PeerJoined)).Text("previousPeerId"), Is.EqualTo("0123456789abcdef"));
        var roster = (await carol.JoinAsync()).GetProperty("participants");
        Assert.That(roster[1].Text("previousPeerId"), Is.EqualTo("0123456789abcdef"));
        Assert.That(roster[0].Has("previousPeerId"), Is.False);
    }

    [Test]
    [TestCase("\"0123\"")]
    [TestCase("\"0123456789ABCDEF\"")]
    [TestCase("5")]
    public async Task A_previous_stay_that_is_none_is_refused(string previousPeerId)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");

        await alice.SendRawAsync($$"""{"type":"webrtc-join","token":"{{alice.Token}}","id":1,"previousPeerId":{{previousPeerId}}}""");

        await alice.ExpectErrorAsync(ErrorCode.InvalidMessage, 1);
    }

    [Test]
    public async Task Eight_get_in_and_the_ninth_does_not()
    {
        await using var server = await TestServer.StartAsync();
        var peers = new List<TestPeer>();
        for (var i = 1; i <= 8; i++)
        {
            peers.Add(await server.ConnectAsync($"peer-{i}"));
            var joined = await peers[^1].JoinAsync();
            Assert.That(joined.GetProperty("participants").GetArrayLength(), Is.EqualTo(i));
        }

        using var legacy = await server.ConnectLegacyAsync("Late");
        await legacy.SendAsync(MessageTypes.Join);
        var error = await legacy.ExpectErrorAsync(ErrorCode.RoomFull);
        Assert.That((error.Text("error"), error.GetProperty("retryable").GetBoolean()), Is.EqualTo(("Voice chat is full (8 maximum)", true)));
        await legacy.JoinAsync("elsewhere");
        await peers[3].LeaveAsync();
        await peers[3].SettleAsync();
        using var ninth = await server.ConnectAsync("peer-9");
        await ninth.JoinAsync();
        peers.ForEach(peer => peer.Dispose());
    }

    [Test]
    [TestCase("\"with space\"")]
    [TestCase("\"\"")]
    [TestCase("\"a/b\"")]
    public async Task A_room_that_is_no_name_is_refused(string room)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");

        await alice.SendRawAsync($$"""{"type":"webrtc-join","token":"{{alice.Token}}","room":{{room}}}""");

        await alice.ExpectErrorAsync(ErrorCode.InvalidRoom);
        await alice.JoinAsync();
    }

    [Test]
    public async Task Nobody_is_in_two_rooms()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        await alice.JoinAsync("demo");

        await alice.SendAsync(MessageTypes.Join, new { room = "other" });

        await alice.ExpectErrorAsync(ErrorCode.AlreadyJoined);
        Assert.That(server.Get<RoomStore>().Count, Is.EqualTo(1));
    }

    [Test]
    public async Task Where_the_operator_has_no_calls_nobody_joins()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Calls:Enabled", "false"));
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectLegacyAsync("Bob");

        await alice.SendAsync(MessageTypes.Join, new { id = 1 });
        await bob.SendAsync(MessageTypes.Join);

        await alice.ExpectErrorAsync(ErrorCode.Disabled, 1);
        Assert.That((await bob.ExpectErrorAsync(ErrorCode.Disabled)).Text("error"), Is.EqualTo("WebRTC is disabled on this server"));
    }

    [Test]
    public async Task A_leave_is_answered_and_told_to_the_others()
    {
        await using var call = await Pair.InCallAsync();

        await call.Bob.LeaveAsync(id: "bye");

        var answer = await call.Bob.ExpectAsync(MessageTypes.Left);
        Assert.That((answer.Text("room"), answer.Text("id")), Is.EqualTo(("demo", "bye")));
        var left = await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
        Assert.That((left.Text("room"), left.Text("username"), left.Text("peerId"), left.Text("reason")), Is.EqualTo(("demo", "bob", call.Bob.PeerId, "left")));
        await call.Bob.LeaveAsync(id: 2);
        await call.Bob.ExpectErrorAsync(ErrorCode.NotJoined, 2);
    }

    [Test]
    [TestCase(true, "left")]
    [TestCase(false, "disconnected")]
    public async Task The_others_see_whether_a_peer_closed_or_was_lost(bool closes, string reason)
    {
        await using var call = await Pair.InCallAsync(Grace.None);

        if (closes)
            await call.Bob.CloseAsync();
        else
            call.Bob.Socket.Abort();

        Assert.That((await call.Alice.ExpectAsync(MessageTypes.PeerLeft)).Text("reason"), Is.EqualTo(reason));
    }

    [Test]
    public async Task There_are_only_so_many_rooms_but_those_that_are_there_can_be_joined()
    {
        await using var server = await TestServer.StartAsync(("MeshSignal:Calls:MaxRooms", "2"));
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectAsync("bob");
        using var carol = await server.ConnectAsync("carol");
        await alice.JoinAsync("one");
        await bob.JoinAsync("two");

        await carol.SendAsync(MessageTypes.Join, new { id = 1, room = "three" });
        Assert.That((await carol.ExpectErrorAsync(ErrorCode.RoomLimit, 1)).GetProperty("retryable").GetBoolean());
        await carol.JoinAsync("two");

        await carol.LeaveAsync();
        await alice.LeaveAsync();
        await alice.ExpectAsync(MessageTypes.Left);
        await carol.ExpectAsync(MessageTypes.Left);
        await carol.JoinAsync("three");
    }

    [Test]
    public async Task Each_stay_has_an_id_of_its_own()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        await alice.JoinAsync();
        var first = alice.PeerId;
        await alice.LeaveAsync();
        await alice.ExpectAsync(MessageTypes.Left);

        await alice.JoinAsync();

        Assert.That(alice.PeerId, Is.Not.EqualTo(first));
    }
}
