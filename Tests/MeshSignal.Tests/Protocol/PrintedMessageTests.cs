using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Protocol;

/// <summary>What is printed ends in a log, where neither tokens nor what peers tell each other belong.</summary>
internal sealed class PrintedMessageTests
{
    private const string Secret = "5ecre7";

    [TestCase("""{"type":"ping","token":"5ecre7"}""")]
    [TestCase("""{"type":"chat","token":"5ecre7","content":"5ecre7"}""")]
    [TestCase("""{"type":"typing","token":"5ecre7"}""")]
    [TestCase("""{"type":"webrtc-join","token":"5ecre7","room":"5ecre7"}""")]
    [TestCase("""{"type":"webrtc-leave","token":"5ecre7"}""")]
    [TestCase("""{"type":"webrtc-media-change","token":"5ecre7","mediaTypes":["5ecre7"]}""")]
    [TestCase("""{"type":"webrtc-offer","token":"5ecre7","targetUsername":"5ecre7","offer":{"sdp":"5ecre7"}}""")]
    [TestCase("""{"type":"webrtc-answer","token":"5ecre7","targetUsername":"5ecre7","answer":"5ecre7"}""")]
    [TestCase("""{"type":"webrtc-ice-candidate","token":"5ecre7","targetUsername":"5ecre7","candidate":"5ecre7"}""")]
    [TestCase("""{"type":"webrtc-signal","token":"5ecre7","targetUsername":"5ecre7","signal":"5ecre7"}""")]
    [TestCase("""{"type":"webrtc-ice-servers","token":"5ecre7","id":"5ecre7"}""")]
    public void A_client_message_prints_its_type_only(string json)
    {
        var message = Decoding.Decode(json);
        Assert.That($"{message}", Is.EqualTo(message.Type));
    }

    [Test]
    public void Payloads_print_nothing_of_themselves()
    {
        var utf8 = "\"5ecre7\""u8.ToArray();
        object[] payloads = [new SessionDescription(utf8), new IceCandidate(utf8), new OpaqueSignal(utf8), new EncodedMessage(utf8)];
        Assert.That(payloads.Select(payload => payload.ToString()), Has.None.Contains(Secret));
    }

    [Test]
    public void A_server_message_prints_its_kind_only()
    {
        var username = Valid.Name(Secret);
        ServerMessage[] messages =
        [
            new SessionTokenMessage(Secret, username, Profile.V1, false, 0, []), new ChatTextMessage(username, Secret, default), new SystemMessage(Secret),
        ];
        Assert.That(messages.Select(message => message.ToString()), Is.EqualTo(messages.Select(message => message.GetType().Name)));
    }

    [Test]
    public void What_bears_TURN_credentials_prints_none_of_them()
    {
        var server = new IceServer(["turn:a"], Secret, Secret);
        var config = new RoomConfig(true, true, true, 8, [server], RoomConfig.RelayOnly, 600_000);
        var joined = new PeerJoinedMessage(RoomName.Lobby, Valid.Name("bob"), PeerId.New(), null, Profile.Legacy, MediaTypes.Audio, false, config);
        object[] printed =
        [
            server, config, joined, new JoinedMessage(RoomName.Lobby, PeerId.New(), [], config, null), new IceServersMessage([server], 600_000, null),
            new TurnCredentials(Secret, Secret), TurnCredentials.Issue(Encoding.UTF8.GetBytes(Secret), new SessionId(Secret), DateTimeOffset.UnixEpoch),
            new IceServerList([server], null),
        ];

        foreach (var item in printed)
            Assert.That($"{item}", Does.Not.Contain(Secret), item.GetType().Name);
    }

    [Test]
    public void No_kind_of_server_message_prints_anything_else() =>
        Assert.That(ServerMessages.Kinds.Select(kind => kind.GetMethod(nameof(ToString), [])!.DeclaringType), Is.All.EqualTo(typeof(ServerMessage)));

    [Test]
    public void A_refusal_prints_nothing_of_the_message() =>
        Assert.That($"{Decoding.Fail("""{"type":"5ecre7","token":"5ecre7","id":"5ecre7"}""")}", Does.Not.Contain(Secret));
}
