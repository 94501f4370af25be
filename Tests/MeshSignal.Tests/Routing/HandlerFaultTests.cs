using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Routing;

/// <summary>A fault of the server's own ends where it happened.</summary>
internal sealed class HandlerFaultTests
{
    [Test]
    public async Task An_exception_costs_the_sender_one_coded_error_and_nobody_anything_else()
    {
        await using var call = await Pair.InCallAsync(FaultyCluster.Replacing(out var cluster));

        cluster.ThrowsFor = session => session.Username.Value == "bob";
        await call.Alice.OfferAsync("bob", id: "o1");
        var error = await call.Alice.ExpectErrorAsync(ErrorCode.Internal);
        Assert.That((error.Text("id"), error.Text("requestType"), error.GetProperty("retryable").GetBoolean()), Is.EqualTo(("o1", MessageTypes.Offer, true)));
        await call.Alice.ExpectNothingAsync();
        await call.Bob.ExpectNothingAsync();

        cluster.ThrowsFor = _ => false;
        await call.Alice.OfferAsync("bob", id: "o2");
        await call.Alice.ExpectAckAsync("o2");
        await call.Bob.ExpectAsync(MessageTypes.Offer);
        call.Server.ExpectedErrors = 1;
    }

    /// <summary>The session was left behind: its name taken for ever, a ghost in every list.</summary>
    [Test]
    public async Task One_that_strikes_while_somebody_comes_in_leaves_nothing_of_him_behind()
    {
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster));
        using var alice = await server.ConnectLegacyAsync("alice");
        cluster.ThrowsFor = session => session.Username.Value == "alice";

        using var bob = server.Open(new ConnectionRequest(Profile.V1, "bob"));
        Assert.That(await bob.ExpectCloseAsync(), Is.EqualTo((int)CloseCode.InternalError));
        await bob.Served.WaitAsync(TestPeer.Timeout);
        server.ExpectedErrors = server.Log.Errors.Count();

        cluster.ThrowsFor = _ => false;
        using var again = await server.ConnectAsync("bob");
        Assert.That((again.Name, server.Get<SessionStore>().Count), Is.EqualTo(("bob", 2)));
    }

    [Test]
    public async Task It_is_logged_without_what_the_message_held()
    {
        await using var call = await Pair.InCallAsync(FaultyCluster.Replacing(out var cluster));
        cluster.ThrowsFor = session => session.Username.Value == "bob";

        await call.Alice.OfferAsync("bob", "v=0 secret-sdp");
        await call.Alice.ExpectErrorAsync(ErrorCode.Internal);
        await call.Alice.SendAsync(MessageTypes.Signal, new { targetUsername = "bob", signal = "secret-signal" });
        await call.Alice.ExpectErrorAsync(ErrorCode.Internal);

        cluster.ThrowsFor = _ => false;
        call.Server.ExpectedErrors = 2;
        Assert.That(call.Server.Log.Errors.Count(), Is.EqualTo(2));
        Assert.That(call.Server.Log.Errors, Is.All.Contains("webrtc-").And.All.Not.Contains("secret").And.All.Not.Contains(call.Alice.Token));
    }

    [Test]
    public async Task A_legacy_client_gets_it_where_it_looks_for_errors_about_what_it_sent()
    {
        await using var server = await TestServer.StartAsync(FaultyCluster.Replacing(out var cluster));
        using var alice = await server.ConnectLegacyAsync("Alice");
        using var bob = await server.ConnectLegacyAsync("Bob");
        await alice.ExpectSystemAsync("Bob has joined.");
        cluster.ThrowsFor = session => session.Username.Value == "Bob";

        await alice.SendAsync(MessageTypes.Typing);

        await alice.ExpectSystemAsync("Internal error");
        cluster.ThrowsFor = _ => false;
        await alice.SendAsync(MessageTypes.Typing);
        await bob.ExpectAsync(MessageTypes.Typing);
        server.ExpectedErrors = 1;
    }

    [Test]
    public async Task The_end_of_a_session_is_complete_although_somebody_could_not_be_told()
    {
        await using var call = await Pair.InCallAsync(FaultyCluster.Replacing(out var cluster));
        cluster.ThrowsFor = session => session.Username.Value == "alice";
        await call.Bob.CloseAsync();
        await call.Bob.Served.WaitAsync(TestPeer.Timeout);
        cluster.ThrowsFor = _ => false;

        call.Server.ExpectedErrors = 1;
        using var again = await call.Server.ConnectAsync("bob");
        var joined = await again.JoinAsync("demo");
        Assert.That(joined.GetProperty("participants").GetArrayLength(), Is.EqualTo(2));
    }
}
