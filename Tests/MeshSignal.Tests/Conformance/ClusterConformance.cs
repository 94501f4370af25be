using MeshSignal.Protocol;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Conformance;

/// <summary>What every cluster owes the rest of the server, as seen from one node.</summary>
internal abstract class ClusterConformance
{
    private readonly FakeClock _clock = new();
    private readonly MeshSignalOptions _options = new();
    private readonly RoomName _otherScope = Valid.Room("elsewhere");

    [Test]
    public async Task Free_name_is_claimed()
    {
        var cluster = NewCluster();
        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), NewSession()), Is.Null);
    }

    [TestCase("alice", "alice")]
    [TestCase("alice", "ALICE")]
    [TestCase("alice", "a1ice")]
    [TestCase("bo-b", "b0_b")]
    public async Task Name_that_reads_like_one_in_use_is_refused_and_its_holder_told(string held, string wanted)
    {
        var cluster = NewCluster();
        var holder = NewSession();
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name(held), holder);

        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name(wanted), NewSession()), Is.SameAs(holder));
    }

    [Test]
    public async Task Name_is_free_in_another_scope()
    {
        var cluster = NewCluster();
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), NewSession());
        Assert.That(await cluster.ClaimNameAsync(_otherScope, Valid.Name("alice"), NewSession()), Is.Null);
    }

    [Test]
    public async Task Holder_may_claim_its_name_again_and_in_another_spelling()
    {
        var cluster = NewCluster();
        var (session, other) = (NewSession(), NewSession());
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), session);

        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), session), Is.Null);
        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("Alice"), session), Is.Null);
        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), other), Is.SameAs(session));
    }

    [Test]
    public async Task Session_that_takes_another_name_gives_up_the_one_it_had()
    {
        var cluster = NewCluster();
        var (session, other) = (NewSession(), NewSession());
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), session);
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("carol"), session);

        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), other), Is.Null);
        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("carol"), NewSession()), Is.SameAs(session));
    }

    [Test]
    public async Task Session_that_is_refused_another_name_keeps_the_one_it_had()
    {
        var cluster = NewCluster();
        var (session, other) = (NewSession(), NewSession());
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), session);
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("carol"), other);
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("carol"), session);

        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), NewSession()), Is.SameAs(session));
        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("carol"), NewSession()), Is.SameAs(other));
    }

    [Test]
    public async Task Released_name_is_free_and_no_other_is()
    {
        var cluster = NewCluster();
        var (session, other) = (NewSession(), NewSession());
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), session);
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("carol"), other);
        cluster.ReleaseName(session);

        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), NewSession()), Is.Null);
        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("carol"), NewSession()), Is.SameAs(other));
    }

    [Test]
    public async Task Releasing_twice_does_not_free_what_another_has_taken()
    {
        var cluster = NewCluster();
        var (session, other) = (NewSession(), NewSession());
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), session);
        cluster.ReleaseName(session);
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), other);
        cluster.ReleaseName(session);

        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), NewSession()), Is.SameAs(other));
    }

    [Test]
    public async Task Of_many_who_want_a_name_at_once_one_gets_it()
    {
        var cluster = NewCluster();
        var claims = Enumerable.Range(0, 50).Select(_ => Task.Run(async () => await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), NewSession())));
        var holders = await Task.WhenAll(claims);

        Assert.That(holders, Has.One.Null);
        Assert.That(holders.OfType<Session>().Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task Passed_name_is_the_successors_and_not_the_former_holders_any_more()
    {
        var cluster = NewCluster();
        var (holder, successor) = (NewSession(), NewSession());
        await cluster.ClaimNameAsync(_otherScope, Valid.Name("alice"), holder);

        Assert.That(await cluster.PassNameAsync(holder, successor), Is.True);

        Assert.That(await cluster.ClaimNameAsync(_otherScope, Valid.Name("ALICE"), NewSession()), Is.SameAs(successor));
        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), NewSession()), Is.Null, "in its scope, and in no other");
        cluster.ReleaseName(holder);
        Assert.That(await cluster.ClaimNameAsync(_otherScope, Valid.Name("alice"), NewSession()), Is.SameAs(successor));
        cluster.ReleaseName(successor);
        Assert.That(await cluster.ClaimNameAsync(_otherScope, Valid.Name("alice"), holder), Is.Null);
    }

    [Test]
    public async Task Session_that_holds_no_name_has_none_to_pass_on()
    {
        var cluster = NewCluster();
        var (session, successor) = (NewSession(), NewSession());
        Assert.That(await cluster.PassNameAsync(session, successor), Is.False);

        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), session);
        Assert.That(await cluster.PassNameAsync(session, successor), Is.True);
        Assert.That(await cluster.PassNameAsync(session, NewSession()), Is.False);
        cluster.ReleaseName(successor);
        Assert.That(await cluster.PassNameAsync(successor, session), Is.False);
    }

    [Test]
    public async Task Passed_name_can_be_passed_on_and_exchanged()
    {
        var cluster = NewCluster();
        var (first, second, third) = (NewSession(), NewSession(), NewSession());
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), first);
        await cluster.PassNameAsync(first, second);
        await cluster.PassNameAsync(second, third);

        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("carol"), third), Is.Null);
        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), first), Is.Null);
        Assert.That(await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("carol"), first), Is.SameAs(third));
    }

    [Test]
    public async Task Name_is_never_free_while_it_is_passed()
    {
        var cluster = NewCluster();
        var holder = NewSession();
        await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), holder);
        using var stop = new CancellationTokenSource();
        var wanting = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var (wants, taken) = (NewSession(), 0);
            while (!stop.IsCancellationRequested)
                taken += await cluster.ClaimNameAsync(RoomName.Lobby, Valid.Name("alice"), wants) is null ? 1 : 0;
            return taken;
        })).ToList();
        for (var i = 0; i < 20_000; i++)
        {
            var successor = NewSession();
            Assert.That(await cluster.PassNameAsync(holder, successor), Is.True);
            holder = successor;
        }

        await stop.CancelAsync();
        Assert.That(await Task.WhenAll(wanting), Is.All.Zero);
    }

    [Test]
    public async Task Messages_are_delivered_in_order()
    {
        var cluster = NewCluster();
        using var socket = new InMemorySocket(_options.Limits, _clock);
        var session = NewSession(socket);
        for (var i = 0; i < 20; i++)
            Assert.That(cluster.Deliver(session, MessageCodec.Encode(new SystemMessage($"{i}"))), Is.True);

        for (var i = 0; i < 20; i++)
            Assert.That((await socket.ReceiveInTimeAsync()).Text, Does.EndWith($"\"{i}\"}}"));
    }

    [Test]
    public void Message_for_a_session_that_is_being_closed_is_not_delivered()
    {
        var cluster = NewCluster();
        var session = NewSession();
        session.Connection!.Close(CloseCode.Normal, "");

        Assert.That(cluster.Deliver(session, MessageCodec.Encode(new SystemMessage("too late"))), Is.False);
    }

    protected abstract ICluster NewCluster();

    private Session NewSession() => NewSession(new InMemorySocket(_options.Limits, _clock));

    private Session NewSession(InMemorySocket socket) => new(
        new Connection(socket, Profile.V1, _options, _clock), Valid.Name("nobody"), new ChatMember(false, _options.Chat, _clock),
        new SlidingCount(20, TimeSpan.FromSeconds(10), _clock), new RateLimits(_options.Limits, _clock), new ReplayLog(_options.Sessions), _clock);
}

internal sealed class LocalClusterConformance : ClusterConformance
{
    protected override ICluster NewCluster() => new LocalCluster();
}
