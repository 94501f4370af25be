using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Fuzz;

/// <summary>One peer that sends what nobody should, again and again from a new seat.</summary>
internal sealed class FuzzSeat(int number, int seed)
{
    public int Number => number;

    public Profile Profile => number % 3 == 0 ? Profile.Legacy : Profile.V1;

    public string Scope => number % 2 == 0 ? "wild" : "relayed";

    public MessageFuzzer Fuzzer { get; } = new((seed * 1000) + number);

    public List<string> Sent { get; } = [];

    public MessageRun? Run { get; set; }

    public int Seats { get; set; }
}

/// <summary>All who sit at one server.</summary>
internal sealed class FuzzTable(TestServer server) : IDisposable
{
    private readonly List<(TestPeer Peer, string Name, string Scope)> _seats = [];

    public IEnumerable<TestPeer> Peers => _seats.Select(seat => seat.Peer);

    public FuzzPeer Open(string name, Profile profile, string scope, bool chat = true)
    {
        var peer = server.Open(new ConnectionRequest(profile, name, scope, chat ? "on" : "off"));
        _seats.Add((peer, name, scope));
        return new FuzzPeer(profile, peer.SendRawAsync, async () =>
        {
            var received = await peer.Socket.ReceiveInTimeAsync();
            return new Heard(received.Text, received.CloseCode);
        });
    }

    public string NameIn(string scope, int turn)
    {
        var names = _seats.Where(seat => seat.Scope == scope).Select(seat => seat.Name).ToList();
        return names[^((turn % Math.Min(names.Count, 6)) + 1)];
    }

    public async Task CloseAsync()
    {
        foreach (var peer in Peers)
            await peer.CloseAsync();
        await server.WhenAllGoneAsync();
    }

    public void Dispose() => _seats.ForEach(seat => seat.Peer.Dispose());
}
