using FsCheck;
using FsCheck.Fluent;
using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Sessions;
using MeshSignal.Tests.EndToEnd.Model;
using MeshSignal.Tests.Support;
using NUnit.Framework.Internal;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>Random scenarios of three to six peers of both profiles and two scopes in two small rooms, held against a model.</summary>
internal sealed class RosterModelTests
{
    private const int Peers = 6;

    [Test]
    public void One_after_another_every_peer_sees_what_the_model_says() => Run(150, static async (peers, steps) =>
    {
        var model = new CallModel(peers);
        foreach (var step in steps)
            await model.ApplyAsync(step);
    });

    [Test]
    public void All_at_once_every_peer_comes_to_the_same_roster() => Run(100, static async (peers, steps) =>
    {
        // Each peer does its own steps in their order, all peers at the same time.
        await Task.WhenAll(steps.GroupBy(step => step.Peer).Select(own => Task.Run(() => ActAsync(peers, [.. own]))));

        // Once to have everything handled, once more to have everything seen.
        for (var i = 0; i < 2; i++)
            foreach (var peer in peers.Where(peer => peer.IsConnected))
                await peer.SettleAsync();

        foreach (var peer in peers.Where(peer => peer.Room is not null))
            Assert.That(peer.Roster, Is.EquivalentTo(
                peers.Where(other => other.Room == peer.Room).ToDictionary(other => other.PeerId!, other => other.Name!, StringComparer.Ordinal)));
    });

    private static async Task ActAsync(Observer[] peers, Step[] steps)
    {
        foreach (var step in steps)
            await ActAsync(peers, step.When(peers[step.Peer].IsConnected, peers[step.Peer].Room is not null));
    }

    private static async Task ActAsync(Observer[] peers, Step step)
    {
        var peer = peers[step.Peer];
        await (step.Kind switch
        {
            StepKind.Connect => peer.ConnectAsync(CallModel.NameFor(step)),
            StepKind.Join => peer.SendAsync(MessageTypes.Join, ("room", CallModel.RoomFor(step))),
            StepKind.Leave => peer.LeaveAsync(),
            StepKind.Rename => peer.RenameAsync(CallModel.NameFor(step)),
            StepKind.Close or StepKind.Abort => peer.DisconnectAsync(closes: step.Kind == StepKind.Close),
            _ => peer.RelayAsync(CallModel.TypeOf(step.Kind), peers[step.Other].Name ?? "nobody"),
        });

        // Every other request is answered before the next is sent, the rest are sent in a row.
        if (peer.IsConnected && step.Pick % 2 == 0)
            await peer.SettleAsync();
    }

    private static void Run(int cases, Func<Observer[], Step[], Task> act) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(cases), Prop.ForAll(Step.Scenarios, (Action<Step[]>)(steps =>
        {
            // Without a context of its own each failed try of the shrinking would be reported as one more failure of the test.
            using (new TestExecutionContext.IsolatedContext())
                RunAsync(steps, act).GetAwaiter().GetResult();
        })));

    private static async Task RunAsync(Step[] steps, Func<Observer[], Step[], Task> act)
    {
        await using var server = await TestServer.StartAsync(
            Grace.None, ("MeshSignal:Calls:MaxParticipants", $"{CallModel.RoomCapacity}"), ("MeshSignal:Chat:MessagesPerSecond", "1000"), ("MeshSignal:Chat:NickCooldown", "00:00:00"));
        var peers = Enumerable.Range(0, Peers)
            .Select(i => new Observer(server, i % 2 == 0 ? Profile.V1 : Profile.Legacy, i < 4 ? "lobby" : "annex"))
            .ToArray();
        try
        {
            await act(peers, steps);
        }
        finally
        {
            foreach (var peer in peers)
                peer.Dispose();
        }

        await server.WhenAllGoneAsync();
        Assert.That(server.Get<SessionStore>().Count, Is.Zero, "sessions");
        Assert.That((server.Get<RoomStore>().Count, server.Get<RoomStore>().PeerCount), Is.EqualTo((0, 0)), "rooms and peers");
    }
}
