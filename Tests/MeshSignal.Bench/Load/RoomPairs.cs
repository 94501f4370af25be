using System.Net;
using System.Text;
using MeshSignal.Bench.Load.Dialects;

namespace MeshSignal.Bench.Load;

/// <summary>Pairs of peers, each pair in a room of its own, with an offer and an answer behind them: no candidate is held any more.</summary>
internal static class RoomPairs
{
    // Greetings, and what is said about others.
    private const int MostOthers = 100;

    // A room is never used twice: the names in it may still be leaving.
    private static int _rooms;

    public static LoadPeer[] Connect(Func<string, int, Dialect> dialect, IPEndPoint server, Shape shape, int pairs, CancellationToken cancel)
    {
        var peers = new List<LoadPeer>();
        try
        {
            while (peers.Count < 2 * pairs)
            {
                cancel.ThrowIfCancellationRequested();
                var room = $"pair-{++_rooms}";
                ConnectPair(server, shape, place => dialect(room, place), peers);
            }
        }
        catch
        {
            peers.ForEach(peer => peer.Dispose());
            throw;
        }

        return [.. peers];
    }

    private static void ConnectPair(IPEndPoint server, Shape shape, Func<int, Dialect> dialect, List<LoadPeer> peers)
    {
        var first = Member.Enter(server, dialect(0), out _);
        var second = Member.Enter(server, dialect(1), out var members);
        var firstName = members.Single();
        second.Relay(Shape.Offer, firstName, first, out var secondName);
        first.Relay(Shape.Answer, secondName, second, out _);

        var toFirst = second.Relay(shape, firstName, first, out _);
        var toSecond = first.Relay(shape, secondName, second, out _);
        var one = new LoadPeer(first.Wire, first.Framed(shape, secondName), toFirst);
        var other = new LoadPeer(second.Wire, second.Framed(shape, firstName), toSecond);
        LoadPeer.Relayed(one, other);
        peers.AddRange(one, other);
    }

    private sealed record Member(WireSocket Wire, Dialect Dialect)
    {
        public static Member Enter(IPEndPoint server, Dialect dialect, out string[] members)
        {
            var wire = WireSocket.Open(server, dialect.Path, dialect.Subprotocol);
            while (true)
            {
                var heard = dialect.Hear(wire.Read());
                if (heard.Say is { } answer) wire.Send(Frame.Build(Frame.Text, answer));
                if (heard.Members is null) continue;
                members = heard.Members;
                return new Member(wire, dialect);
            }
        }

        public byte[] Framed(Shape shape, string to) => Frame.Build(Frame.Text, Dialect.Write(shape, to));

        /// <summary>Sends one message and returns it as the other receives it: what is in it must be unchanged.</summary>
        public byte[] Relay(Shape shape, string to, Member other, out string from)
        {
            Wire.Send(Framed(shape, to));
            for (var others = 0; others < MostOthers; others++)
            {
                var message = other.Wire.Read();
                var heard = other.Dialect.Hear(message);
                if (heard.Say is { } answer) other.Wire.Send(Frame.Build(Frame.Text, answer));
                if (heard.Signal is null) continue;
                if (heard.Signal != shape || message.IndexOf(Encoding.UTF8.GetBytes(shape.Value)) < 0)
                    throw new BenchException($"a changed {shape.Name}: {Encoding.UTF8.GetString(message)}");
                from = heard.From!;
                return message.ToArray();
            }

            throw new BenchException($"no {shape.Name} among {MostOthers} messages");
        }
    }
}
