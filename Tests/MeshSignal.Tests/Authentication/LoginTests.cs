using System.Net;
using MeshSignal.Protocol;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Authentication;

/// <summary>Who gets in with a join token, how it is brought, and what becomes of those that are not good. The clock stands at the beginning of 2026.</summary>
internal sealed class LoginTests
{
    [Test]
    public async Task Nobody_needs_one_unless_it_is_required()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var bob = await server.ConnectAsync("bob");
        await bob.JoinAsync("demo");
    }

    [TestCase(Profile.V1)]
    [TestCase(Profile.Legacy)]
    public async Task A_good_one_opens_a_server_that_requires_it_and_gives_its_bearer_the_name_in_it(Profile profile)
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var admin = server.Open(new ConnectionRequest(profile, Chat: "off", Credential: Logins.Token("""{"sub":"1","name":"Admin"}""")));

        await admin.GreetedAsync(withChat: false);

        Assert.That(admin.Name, Is.EqualTo("Admin"), "although it is reserved");
        Assert.That(server.Get<SessionStore>().All.Single().Identity.Subject, Is.EqualTo("1"));
    }

    [TestCase("""{"sub":"1","exp":1}""")]
    [TestCase("""{"name":"alice"}""")]
    [TestCase("""{"sub":"x\u202Ey"}""")]
    [TestCase("garbage")]
    public async Task One_that_is_not_good_is_refused_also_where_none_is_required(string claims)
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: claims[0] == '{' ? Logins.Token(claims) : claims));

        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        await alice.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
    }

    [Test]
    public async Task A_legacy_client_without_one_is_told_in_words()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var alice = server.Open(new ConnectionRequest(Profile.Legacy, "alice"));

        await alice.ExpectSystemAsync("Authentication required.");
        await alice.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
    }

    [Test]
    public async Task A_v1_client_may_bring_it_in_its_first_message()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.SendRawAsync("""{"type":"webrtc-join","id":1,"room":"demo"}""");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated, 1);
        await alice.SendRawAsync("""{"type":"ping","id":2}""");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated, 2);
        await alice.SendRawAsync("{]");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);

        await alice.SendRawAsync(Logins.Authenticate(Logins.Token("""{"sub":"1"}"""), id: 3));

        await alice.ExpectAckAsync(3);
        await alice.GreetedAsync(withChat: false);
        await alice.JoinAsync("demo");
    }

    [Test]
    public async Task It_has_five_seconds_for_that()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        await alice.SendRawAsync("{}");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);

        server.Clock.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        await alice.SendRawAsync("{}");
        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        server.Clock.Advance(TimeSpan.FromTicks(1));

        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        await alice.ExpectCloseAfterNothingAsync(CloseCode.AuthenticationDeadline);
    }

    [Test]
    public async Task And_twenty_messages()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);
        for (var i = 0; i < 20; i++)
            await alice.SendRawAsync("{}");

        for (var i = 0; i < 20; i++)
            await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        await alice.ExpectCloseAfterNothingAsync(CloseCode.PolicyViolation);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Who_goes_before_that_leaves_nothing_behind(bool withClose)
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);

        if (withClose)
            await alice.CloseAsync();
        else
            alice.InMemory.Abort();

        await alice.Served.WaitAsync(TestPeer.Timeout);
        Assert.That(server.Get<SessionStore>().Count, Is.Zero);
        if (withClose)
            await alice.ExpectCloseAfterNothingAsync(CloseCode.Normal);
    }

    [Test]
    public async Task A_wrong_one_in_the_first_message_ends_it()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);

        await alice.SendRawAsync(Logins.Authenticate("x.y.z", id: "a"));

        await alice.ExpectErrorAsync(ErrorCode.NotAuthenticated, "a");
        await alice.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
    }

    [Test]
    public async Task Ten_wrong_ones_from_an_address_and_not_even_a_good_one_is_taken_from_there()
    {
        var clock = new WatchedClock();
        await using var server = await TestServer.StartAsync(clock.Replace, Logins.Key);
        for (var i = 0; i < FailureLimits.MostFailures; i++)
        {
            using var guess = server.Open(new ConnectionRequest(Profile.V1, Address: Logins.Elsewhere, Credential: "x.y.z"));
            await clock.WhenDelayBeginsAsync();
            server.Clock.Advance(TimeSpan.FromSeconds(25));
            await guess.ExpectErrorAsync(ErrorCode.NotAuthenticated);
            await guess.ExpectCloseAfterNothingAsync(CloseCode.BadToken);
        }

        using var good = server.Open(new ConnectionRequest(Profile.V1, Address: Logins.Elsewhere, Credential: Logins.Token("""{"sub":"1"}""")));
        await good.ExpectErrorAsync(ErrorCode.RateLimited);
        await good.ExpectCloseAfterNothingAsync(CloseCode.TryAgainLater);

        using var other = server.Open(new ConnectionRequest(Profile.V1, "other", Address: new ClientAddress(IPAddress.Parse("198.51.100.8")), Credential: Logins.Token("""{"sub":"1"}""")));
        await other.GreetedAsync(withChat: false);
        server.Advance(FailureLimits.Window, other);
        using var later = server.Open(new ConnectionRequest(Profile.V1, "later", Address: Logins.Elsewhere, Credential: Logins.Token("""{"sub":"2"}""")));
        await later.GreetedAsync(withChat: false);
    }

    [TestCase("""{"sub":"1","exp":1}""")]
    [TestCase("""{"sub":"1","aud":"another"}""")]
    public async Task What_was_signed_is_no_guess_and_shuts_nobody_out(string claims)
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        for (var i = 0; i < 2 * FailureLimits.MostFailures; i++)
        {
            using var old = server.Open(new ConnectionRequest(Profile.V1, Address: Logins.Elsewhere, Credential: Logins.Token(claims)));
            await old.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        }

        using var good = server.Open(new ConnectionRequest(Profile.V1, Address: Logins.Elsewhere, Credential: Logins.Token("""{"sub":"1"}""")));
        await good.GreetedAsync(withChat: false);
    }

    [Test]
    public async Task Where_no_keys_are_set_a_credential_means_nothing()
    {
        await using var server = await TestServer.StartAsync();
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice", Credential: "of some gateway"));
        await alice.GreetedAsync(withChat: false);
    }

    [Test]
    public async Task Who_waits_to_show_one_is_sent_away_when_the_server_stops()
    {
        await using var server = await TestServer.StartAsync(Logins.Required);
        using var alice = server.Open(new ConnectionRequest(Profile.V1, "alice"));
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);

        await server.StopAsync();

        await alice.ExpectCloseAfterNothingAsync(CloseCode.ServiceRestart);
    }
}
