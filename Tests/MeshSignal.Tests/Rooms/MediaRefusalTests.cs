using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Authentication;
using MeshSignal.Tests.Policy;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>Descriptions that send what their sender may not: refused, told to whom it concerns, and as if they had never been sent.</summary>
internal sealed class MediaRefusalTests
{
    private static readonly (string, string)[] AudioOnly =
    [
        ("MeshSignal:Calls:Rooms:0:Pattern", "demo"), ("MeshSignal:Calls:Rooms:0:AllowVideo", "false"),
        ("MeshSignal:Calls:Rooms:0:AllowScreenShare", "false"),
    ];

    private static readonly string Sound = Sdps.Chromium("sendrecv", "recvonly");
    private static readonly string Picture = Sdps.Chromium("sendrecv", "sendonly");

    [TestCase(Profile.V1, Profile.V1)]
    [TestCase(Profile.V1, Profile.Legacy)]
    [TestCase(Profile.Legacy, Profile.V1)]
    [TestCase(Profile.Legacy, Profile.Legacy)]
    public async Task Sound_passes_both_ways_where_pictures_do_not(Profile alice, Profile bob)
    {
        await using var call = await Pair.InCallAsync(alice, bob, AudioOnly);

        await call.Alice.OfferAsync("bob", Sound);
        Assert.That((await call.Bob.ExpectAsync(MessageTypes.Offer)).GetProperty("offer").Text("sdp"), Is.EqualTo(Sound));
        await call.Bob.AnswerAsync("alice", Sdps.Firefox("sendrecv", "inactive"));
        await call.Alice.ExpectAsync(MessageTypes.Answer);

        await call.Alice.OfferAsync("bob", Picture, id: 1);
        await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed, 1);
        await call.Bob.AnswerAsync("alice", Sdps.Firefox("sendrecv", "sendrecv"), id: 2);
        await call.Bob.ExpectErrorAsync(ErrorCode.MediaNotAllowed, 2);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [TestCase(Profile.V1)]
    [TestCase(Profile.Legacy)]
    public async Task The_sender_of_an_offer_is_told_and_nobody_else(Profile profile)
    {
        await using var call = await Pair.InCallAsync(profile, Profile.V1, AudioOnly);

        await call.Alice.OfferAsync("bob", Picture, id: "o1");

        var error = await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed, "o1");
        Assert.That(error.Summary(), Is.EqualTo(("media-not-allowed", (string?)null, (int?)null, MessageTypes.Offer, (string?)"bob")));
        Assert.That((error.GetProperty("retryable").GetBoolean(), error.Text("error")), Is.EqualTo((false, "Media type not allowed")));
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
    }

    [TestCase(Profile.V1)]
    [TestCase(Profile.Legacy)]
    public async Task Of_an_answer_both_are_told(Profile offerer)
    {
        await using var call = await Pair.InCallAsync(offerer, Profile.V1, AudioOnly);
        await call.Alice.OfferAsync("bob", Sound);
        await call.Bob.ExpectAsync(MessageTypes.Offer);

        await call.Bob.AnswerAsync("alice", Picture, id: 5);

        var own = await call.Bob.ExpectErrorAsync(ErrorCode.MediaNotAllowed, 5);
        Assert.That(own.Summary(), Is.EqualTo(("media-not-allowed", (string?)null, (int?)null, MessageTypes.Answer, (string?)"alice")));
        var other = await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed);
        Assert.That(other.Summary(), Is.EqualTo(("media-not-allowed", (string?)"peer", (int?)null, MessageTypes.Answer, (string?)"bob")));
        Assert.That((other.Text("error"), other.Has("id")), Is.EqualTo(("The answer of bob was refused: it sends media that is not allowed", false)));

        // The offer is still open: the next answer counts.
        await call.Bob.AnswerAsync("alice", Sound);
        await call.Alice.ExpectAsync(MessageTypes.Answer);
    }

    [Test]
    public async Task Whoever_waits_for_no_answer_is_not_bothered()
    {
        await using var call = await Pair.InCallAsync(AudioOnly);

        await call.Bob.AnswerAsync("alice", Picture, id: 1);

        await call.Bob.ExpectErrorAsync(ErrorCode.MediaNotAllowed, 1);
        await call.Alice.ExpectNothingAsync();
    }

    [Test]
    public async Task Candidates_of_a_refused_offer_stay_held_until_one_passes()
    {
        await using var call = await Pair.InCallAsync(AudioOnly);
        await call.Alice.CandidateAsync("bob", "candidate:1");
        await call.Alice.CandidateAsync("bob", "candidate:2", buffer: true);

        await call.Alice.OfferAsync("bob", Picture);
        await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed);
        await call.Alice.CandidateAsync("bob", "candidate:3");
        await call.Alice.SettleAsync();
        await call.Bob.ExpectNothingAsync();

        await call.Alice.OfferAsync("bob", Sound);
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.ExpectCandidateAsync("alice", "candidate:1");
        await call.Bob.ExpectCandidateAsync("alice", "candidate:3");
        await call.Bob.ExpectNothingAsync();

        // Nor does a refused answer close the offer, or describe the one who answers.
        await call.Bob.CandidateAsync("alice", "candidate:4");
        await call.Bob.AnswerAsync("alice", Picture);
        await call.Bob.ExpectErrorAsync(ErrorCode.MediaNotAllowed);
        await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed);
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();
        await call.Bob.AnswerAsync("alice", Sound);
        await call.Alice.ExpectAsync(MessageTypes.Answer);
        await call.Alice.ExpectCandidateAsync("bob", "candidate:4");
        await call.Bob.ExpectCandidateAsync("alice", "candidate:2");
    }

    [Test]
    public async Task A_signal_is_judged_by_the_descriptions_in_it()
    {
        await using var call = await Pair.InCallAsync(AudioOnly);

        foreach (var (signal, passes) in new (object, bool)[]
        {
            (new { type = "offer", sdp = Sound }, true),
            (new { type = "offer", sdp = Picture }, false),
            (new { type = "answer", sdp = Picture }, false),
            (new { data = new[] { Sound, Picture } }, false),
            (JsonSerializer.Serialize(new { type = "offer", sdp = Picture }), false),
            (new { type = "transceiverRequest", transceiverRequest = new { kind = "video" } }, true), // Asks for a section of the other's.
        })
        {
            await call.Alice.SendAsync(MessageTypes.Signal, new { targetUsername = "bob", signal, id = 1 });
            if (passes)
            {
                await call.Alice.ExpectAckAsync(1);
                await call.Bob.ExpectAsync(MessageTypes.Signal);
            }
            else
            {
                await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed, 1);
                await call.Bob.ExpectNothingAsync();
            }
        }
    }

    /// <summary>Everybody by his own rights, whatever the other's are.</summary>
    [Test]
    public async Task Who_may_only_listen_can_be_sent_everything()
    {
        await using var call = await Pair.InCallAsync(Identity.Anonymous, new Identity { Media = MediaTypes.None });

        await call.Alice.OfferAsync("bob", Picture, id: 1);
        await call.Alice.ExpectAckAsync(1);
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        await call.Bob.AnswerAsync("alice", Sdps.Chromium("sendonly", "recvonly"), id: 2);
        await call.Bob.ExpectErrorAsync(ErrorCode.MediaNotAllowed, 2);
        await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed);
        await call.Bob.AnswerAsync("alice", Sdps.Chromium("recvonly", "recvonly"), id: 3);
        await call.Bob.ExpectAckAsync(3);
        await call.Alice.ExpectAsync(MessageTypes.Answer);
    }

    [Test]
    public async Task Whoever_may_share_a_screen_may_send_a_video_section()
    {
        await using var call = await Pair.InCallAsync(new Identity { Media = MediaTypes.Audio | MediaTypes.Screen }, Identity.Anonymous);

        await call.Alice.OfferAsync("bob", Picture, id: 1);

        await call.Alice.ExpectAckAsync(1);
    }

    /// <summary>What is refused for its media is not looked at by the relay policy, whose words would only confuse.</summary>
    [Test]
    public async Task It_comes_before_the_relay_policy()
    {
        await using var call = await Pair.InCallAsync([.. RelayRoom.Settings, .. AudioOnly]);

        await call.Alice.OfferAsync("bob", Picture.Replace("a=mid:0", $"a={RelayRoom.Host}", StringComparison.Ordinal), id: 1);
        await call.Alice.ExpectErrorAsync(ErrorCode.MediaNotAllowed, 1);
        await call.Alice.ExpectNothingAsync();

        await call.Alice.OfferAsync("bob", Sound, id: 2);
        await call.Alice.ExpectAckAsync(2);
    }
}
