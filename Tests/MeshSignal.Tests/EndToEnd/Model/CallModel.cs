using MeshSignal.Protocol;

namespace MeshSignal.Tests.EndToEnd.Model;

/// <summary>Who is who and where, as simply as it can be said. The server is right if every peer, from what it was sent alone, has come to the same.</summary>
internal sealed class CallModel(Observer[] peers)
{
    public const int RoomCapacity = 3;

    private readonly string?[] _names = new string?[peers.Length];
    private readonly string?[] _rooms = new string?[peers.Length];

    public static string NameFor(Step step) => $"peer-{(step.Peer + step.Pick) % 6}";

    public static string RoomFor(Step step) => step.Pick == 0 ? "blue" : "red";

    public static string TypeOf(StepKind kind) => kind switch
    {
        StepKind.Offer => MessageTypes.Offer,
        StepKind.Answer => MessageTypes.Answer,
        StepKind.Candidate => MessageTypes.IceCandidate,
        _ => MessageTypes.Signal,
    };

    /// <summary>Does the step, waits until everybody has seen what came of it, and compares.</summary>
    public async Task ApplyAsync(Step drawn)
    {
        var step = drawn.When(_names[drawn.Peer] is not null, _rooms[drawn.Peer] is not null);
        await (step.Kind switch
        {
            StepKind.Connect => ConnectAsync(step),
            StepKind.Join => JoinAsync(step),
            StepKind.Leave => LeaveAsync(step),
            StepKind.Rename => RenameAsync(step),
            StepKind.Close or StepKind.Abort => DisconnectAsync(step),
            _ => RelayAsync(step),
        });
        await SettleAsync(step.Peer);
        for (var i = 0; i < peers.Length; i++)
            Compare(i);
    }

    private async Task ConnectAsync(Step step)
    {
        var name = NameFor(step);
        var isFree = !IsTaken(name, peers[step.Peer].Scope);
        Assert.That(await peers[step.Peer].ConnectAsync(name), Is.EqualTo(isFree));
        if (isFree)
            _names[step.Peer] = name;
    }

    private async Task JoinAsync(Step step)
    {
        var room = RoomFor(step);
        await peers[step.Peer].SendAsync(MessageTypes.Join, ("room", room));
        if (_rooms[step.Peer] is null && In(room).Count() < RoomCapacity && In(room).All(i => _names[i] != _names[step.Peer]))
            _rooms[step.Peer] = room;
    }

    private async Task LeaveAsync(Step step)
    {
        await peers[step.Peer].LeaveAsync();
        _rooms[step.Peer] = null;
    }

    private async Task RenameAsync(Step step)
    {
        var name = NameFor(step);
        await peers[step.Peer].RenameAsync(name);
        if (_rooms[step.Peer] is null && !IsTaken(name, peers[step.Peer].Scope))
            _names[step.Peer] = name;
    }

    private async Task DisconnectAsync(Step step)
    {
        await peers[step.Peer].DisconnectAsync(closes: step.Kind == StepKind.Close);
        (_names[step.Peer], _rooms[step.Peer]) = (null, null);
    }

    private async Task RelayAsync(Step step)
    {
        var (type, name) = (TypeOf(step.Kind), _names[step.Other] ?? "nobody");
        var target = _rooms[step.Peer] is { } room ? In(room).Where(i => _names[i] == name && i != step.Peer).Cast<int?>().FirstOrDefault() : null;
        var isForLegacy = type == MessageTypes.Signal && (peers[step.Peer].Profile == Profile.Legacy || (target is { } t && peers[t].Profile == Profile.Legacy));
        var before = peers.Select(peer => peer.Relayed.Count).ToArray();

        await peers[step.Peer].RelayAsync(type, name);
        await SettleAsync(step.Peer);

        for (var i = 0; i < peers.Length; i++)
        {
            var news = peers[i].Relayed.Skip(before[i]).ToList();
            if (i == target && !isForLegacy && type != MessageTypes.IceCandidate)
                Assert.That(news[0], Is.EqualTo((type, _names[step.Peer]!)), "the target got it");
            else if (i != target && i != step.Peer)
                Assert.That(news, Is.Empty, "nobody else got anything");

            // What else came, to the two of them, are candidates that a description has released.
            Assert.That(news.Count(message => message.Type != MessageTypes.IceCandidate), Is.LessThanOrEqualTo(i == target ? 1 : 0));
        }
    }

    /// <summary>First the one who acted, so that all it caused is queued for the others.</summary>
    private async Task SettleAsync(int first)
    {
        foreach (var peer in peers.Skip(first).Take(1).Concat(peers))
            if (peer.IsConnected)
                await peer.SettleAsync();
    }

    private void Compare(int i)
    {
        Assert.That((peers[i].Name, peers[i].Room), Is.EqualTo((_names[i], _rooms[i])));
        var expected = _rooms[i] is { } room ? In(room).ToDictionary(other => peers[other].PeerId!, other => _names[other]!, StringComparer.Ordinal) : [];
        Assert.That(peers[i].Roster, Is.EquivalentTo(expected));
    }

    private bool IsTaken(string name, string scope) => Enumerable.Range(0, peers.Length).Any(i => _names[i] == name && peers[i].Scope == scope);

    private IEnumerable<int> In(string room) => Enumerable.Range(0, peers.Length).Where(i => _rooms[i] == room);
}
