using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;
using Microsoft.Playwright;

namespace MeshSignal.Tests.Browser;

/// <summary>Rooms in which not everything may be sent, and what a browser makes of descriptions that try to hide something.</summary>
[NonParallelizable] // Media takes processor time; two of these at once would be measured against each other.
internal sealed class MediaPolicyInBrowserTests
{
    /// <summary>Makes the page a client that sends pictures whatever it may do.</summary>
    private const string Headstrong =
        """
        const describe = RTCPeerConnection.prototype.setLocalDescription;
        RTCPeerConnection.prototype.setLocalDescription = function (...args) {
          for (const transceiver of this.getTransceivers()) if (transceiver.receiver.track.kind === 'video') transceiver.direction = 'sendrecv';
          return describe.apply(this, args);
        };
        """;

    /// <summary>Keeps the page's request to join back until the test calls <c>join</c>.</summary>
    private const string JoinWhenTold =
        """
        window.WebSocket = class extends WebSocket {
          send(text) {
            if (text.includes('webrtc-join')) window.join = () => super.send(text);
            else super.send(text);
          }
        };
        """;

    private const string KindsOf = "connection => connection.getSenders().map(sender => sender.track?.kind).filter(Boolean).sort()";

    private const string OfferOfAll =
        """
        async () => {
          const connection = new RTCPeerConnection();
          for (const kind of ['audio', 'video']) connection.addTransceiver(kind);
          connection.createDataChannel('');
          const { sdp } = await connection.createOffer();
          connection.close();
          return sdp;
        }
        """;

    /// <summary>For each offer the kinds of media that the browser is about to receive, null if it does not take it.</summary>
    private const string Receive =
        """
        async offers => {
          const results = [];
          const connection = new RTCPeerConnection(); // One for all: a page can have a few hundred.
          for (const sdp of offers) {
            const kinds = [];
            connection.ontrack = ({ track }) => kinds.push(track.kind);
            results.push(await connection.setRemoteDescription({ type: 'offer', sdp }).then(() => kinds.join(), () => null));
            if (connection.signalingState !== 'stable') await connection.setRemoteDescription({ type: 'rollback' });
          }
          return results;
        }
        """;

    private static readonly (string, string)[] _audioOnly = [("MeshSignal:Calls:Rooms:0:Pattern", "den"), ("MeshSignal:Calls:Rooms:0:AllowVideo", "false")];

    private static readonly string[] _lines =
    [
        "a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive", "a=recvonly ", "a=RECVONLY", "a=sendrecv:1", "a=sendonly x", "a=x\ra=recvonly",
        " a=recvonly", "\ta=recvonly", "A=recvonly", "", "a=bundle-only", "a=recvonly:0", "a=recvonly\0", "a=x\0a=recvonly", "i=a=recvonly",
        "a=x\u2028a=recvonly", "M=application 9 UDP/DTLS/SCTP webrtc-datachannel", " m=audio 0 x 0", "a=recvonly\r", "\ra=recvonly",
    ];

    private static readonly string[] _sections =
    [
        "m=video 0", "m=video 00", "m=video +0", "m=video 0/1", "m=VIDEO 9", "M=video 9", "m=video\t9", "m=video  0", " m=video 9", "m=videos 9", "\rm=video 9",
    ];

    [Test]
    public async Task In_an_audio_only_room_people_hear_each_other_and_a_page_that_sends_pictures_is_told()
    {
        await using var server = await RealServer.StartAsync([.. _audioOnly, ("MeshSignal:Calls:AllowScreenShare", "false")]);
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice", beforeLoad: WireTap.Record);
        var bob = await chromium.OpenAsync(server, "bob");
        var mallory = await chromium.OpenAsync(server, "mallory", beforeLoad: WireTap.Record + Headstrong);

        await alice.JoinAsync();
        await bob.JoinAsync();
        await Task.WhenAll(alice.HearsAsync("bob"), bob.HearsAsync("alice"));
        foreach (var (page, other) in new[] { (alice, "bob"), (bob, "alice") })
            Assert.That(await (await page.ConnectionToAsync(other)).EvaluateAsync<string[]>(KindsOf), Is.EqualTo(["audio"]));
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);

        await mallory.JoinAsync();

        await WireTap.IsToldAsync(PageOf(mallory), "media-not-allowed");
        await WireTap.IsToldAsync(PageOf(alice), "media-not-allowed");
        var told = (await WireTap.ReceivedAsync(PageOf(alice))).Single(static message => message.Text("type") == MessageTypes.Error);
        Assert.That((told.Text("reason"), told.Text("targetUsername")), Is.EqualTo(("peer", "mallory")));
        await Task.WhenAll(alice.HearsAsync("bob"), bob.HearsAsync("alice"));
    }

    /// <summary>Each by his own rights: who may not send pictures still sees them.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task Whoever_may_only_speak_sees_the_others(bool isFirst)
    {
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var alice = await chromium.OpenAsync(server, "alice", beforeLoad: WireTap.Record + JoinWhenTold);
        var bob = await chromium.OpenAsync(server, "bob");

        if (!isFirst)
            await bob.JoinAsync();
        await alice.PressJoinAsync();
        await PageOf(alice).WaitForFunctionAsync("() => window.join");
        server.Get<SessionStore>().All.Single(static session => session.Username.Value == "alice").Identity = new Identity { Media = MediaTypes.Audio };
        await PageOf(alice).EvaluateAsync("() => join()");
        await Assertions.Expect(alice.TileOf("alice")).ToBeVisibleAsync();
        if (isFirst)
            await bob.JoinAsync();

        await Task.WhenAll(alice.ReceivesAsync("bob"), bob.HearsAsync("alice"));
        Assert.That(await (await alice.ConnectionToAsync("bob")).EvaluateAsync<string[]>(KindsOf), Is.EqualTo(["audio"]));
        Assert.That(alice.Complaints.Concat(bob.Complaints), Is.Empty);
    }

    /// <summary>The rule must see what this browser sees, in whatever way it is written. What it sees beyond that is caution.</summary>
    [Test]
    public async Task What_Chromium_would_receive_is_never_overlooked()
    {
        const int Seed = 40_000_000;
        await using var server = await RealServer.StartAsync();
        await using var chromium = await Chromium.StartAsync();
        var page = PageOf(await chromium.OpenAsync(server, "alice"));
        var offer = await page.EvaluateAsync<string>(OfferOfAll);
        var offers = Enumerable.Range(0, 600).Select(n => Mutate(offer, new Random(Seed + n))).ToArray();

        var received = await page.EvaluateAsync<string?[]>(Receive, offers);

        for (var n = 0; n < offers.Length; n++)
        {
            var sent = SdpMedia.SentBy(Encoding.UTF8.GetBytes(offers[n]));
            foreach (var (kind, media) in new[] { ("audio", MediaTypes.Audio), ("video", MediaTypes.Video) })
                if (received[n]?.Contains(kind, StringComparison.Ordinal) == true)
                    Assert.That(sent.HasFlag(media), $"seed {Seed + n}: {kind} is received\n{offers[n]}");
        }

        var kinds = received.CountBy(static kinds => kinds ?? "refused").ToDictionary();
        TestContext.Out.WriteLine(string.Join(", ", kinds.Select(static entry => $"'{entry.Key}': {entry.Value}")));
        Assert.That(new[] { kinds["audio"], kinds["audio,video"] }, Is.All.GreaterThan(50), "else it would prove nothing");
    }

    /// <summary>One to three lines of an offer made into others, most of them about the direction of the video section.</summary>
    private static string Mutate(string offer, Random random)
    {
        var lines = offer.TrimEnd().Split("\r\n").ToList();
        var video = lines.FindIndex(static line => line.StartsWith("m=video", StringComparison.Ordinal));
        if (random.Next(3) > 0)
            lines.RemoveAt(lines.FindIndex(video, static line => line == "a=sendrecv"));
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            if (random.Next(6) == 0)
                lines[video] = lines[video].Replace("m=video 9", _sections[random.Next(_sections.Length)], StringComparison.Ordinal);
            else
                lines.Insert(random.Next(8) == 0 ? 5 : random.Next(video + 1, lines.Count), _lines[random.Next(_lines.Length)]);
            video = lines.FindIndex(static line => line.TrimStart().StartsWith("m=video", StringComparison.OrdinalIgnoreCase));
        }

        var end = random.Next(10) == 0 ? "\n" : "\r\n";
        return string.Concat(lines.Select(line => line + end));
    }

    private static IPage PageOf(CallPage page) => page.Status.Page;
}
