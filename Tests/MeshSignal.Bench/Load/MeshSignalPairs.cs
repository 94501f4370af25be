using System.Net;
using System.Text;
using System.Text.Json;

namespace MeshSignal.Bench.Load;

/// <summary>Pairs of v1 peers, each pair in a room of its own, with an offer and an answer behind them: no candidate is held any more.</summary>
internal static class MeshSignalPairs
{
    public const string Callee = "callee";
    private const string Caller = "caller";

    // A room is never used twice: the names in it may still be leaving.
    private static int _rooms;

    public static LoadPeer[] Connect(IPEndPoint server, Shape shape, int pairs, CancellationToken cancel)
    {
        var peers = new List<LoadPeer>();
        try
        {
            while (peers.Count < 2 * pairs)
            {
                cancel.ThrowIfCancellationRequested();
                ConnectPair(server, shape, $"pair-{++_rooms}", peers);
            }
        }
        catch
        {
            peers.ForEach(peer => peer.Dispose());
            throw;
        }

        return [.. peers];
    }

    private static void ConnectPair(IPEndPoint server, Shape shape, string room, List<LoadPeer> peers)
    {
        var caller = Member.Join(server, room, Caller);
        var callee = Member.Join(server, room, Callee);
        caller.Await("webrtc-peer-joined");
        caller.Relay(Shape.Offer, callee);
        callee.Relay(Shape.Answer, caller);

        var toCallee = caller.Relay(shape, callee);
        var toCaller = callee.Relay(shape, caller);
        var one = new LoadPeer(caller.Wire, caller.Frame(shape, callee), toCaller);
        var other = new LoadPeer(callee.Wire, callee.Frame(shape, caller), toCallee);
        LoadPeer.Relayed(one, other);
        peers.AddRange(one, other);
    }

    private sealed record Member(WireSocket Wire, string Name, string Token, string PeerId)
    {
        public static Member Join(IPEndPoint server, string room, string name)
        {
            var wire = WireSocket.Open(server, $"/?username={name}&room={room}", "meshsignal.v1");
            var token = Await(wire, "session-token").GetProperty("token").GetString()!;
            var join = $$"""{"type":"webrtc-join","token":"{{token}}","mediaTypes":["audio","video"]}""";
            wire.Send(Load.Frame.Build(Load.Frame.Text, Encoding.UTF8.GetBytes(join)));
            return new Member(wire, name, token, Await(wire, "webrtc-joined").GetProperty("peerId").GetString()!);
        }

        public byte[] Frame(Shape shape, Member target) => Load.Frame.Build(Load.Frame.Text, shape.Message(Token, target.Name));

        public void Await(string type) => Await(Wire, type);

        /// <summary>Sends one message and returns it as the target receives it, after looking at every field.</summary>
        public byte[] Relay(Shape shape, Member target)
        {
            Wire.Send(Frame(shape, target));
            var bytes = target.Wire.Read().ToArray();
            using var message = JsonDocument.Parse(bytes);
            var relayed = message.RootElement;
            Require(relayed, "type", shape.Type);
            Require(relayed, "fromUsername", Name);
            Require(relayed, "fromPeerId", PeerId);
            if (!string.Equals(relayed.GetProperty(shape.Member).GetRawText(), shape.Value, StringComparison.Ordinal))
                throw new BenchException($"a changed {shape.Name}: {relayed}");
            return bytes;
        }

        /// <summary>Reads up to a message of this type; what comes before it is what every connection is told at its start.</summary>
        private static JsonElement Await(WireSocket wire, string type)
        {
            while (true)
            {
                using var message = JsonDocument.Parse(wire.Read().ToArray());
                var actual = message.RootElement.GetProperty("type");
                if (actual.ValueEquals(type)) return message.RootElement.Clone();
                if (actual.ValueEquals("webrtc-error")) throw new BenchException($"an error in place of {type}: {message.RootElement}");
            }
        }

        private static void Require(JsonElement message, string member, string value)
        {
            if (!message.TryGetProperty(member, out var actual) || !actual.ValueEquals(value))
                throw new BenchException($"expected {member} '{value}' in: {message}");
        }
    }
}
