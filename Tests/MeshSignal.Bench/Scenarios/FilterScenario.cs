using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Servers;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using MeshSignal.Tests.Ice;
using Microsoft.Extensions.DependencyInjection;

namespace MeshSignal.Bench.Scenarios;

/// <summary>
/// The relay policy: whether anything gets around it, by many more hostile messages than the tests have time for; and what it adds to the
/// price of a message, by the same server with and without it in one run.
/// </summary>
internal static class FilterScenario
{
    // Not those of the tests, so that a run finds what they did not.
    private const int FirstSeed = 100_000_000;

    private static int _rooms;

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();
        LookForLeaks(options, cancel);
        MeasurePrice(options, cancel);
    }

    private static void LookForLeaks(BenchOptions options, CancellationToken cancel)
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var policy = ActivatorUtilities.CreateInstance<IceRelayPolicy>(services, new IceOptions { RelayRanges = [.. HostileText.RelayRanges] });
        var scanner = new LeakScanner(HostileText.RelayRanges);
        var (passed, dropped, leaks, changed, thrown) = (0, 0, 0, 0, 0);
        var started = Stopwatch.GetTimestamp();
        Parallel.For(FirstSeed, FirstSeed + options.Cases, new ParallelOptions { CancellationToken = cancel }, seed =>
        {
            try
            {
                if (!MessageCodec.TryDecode(new HostileText(seed).Message(), out var decoded, out _) || decoded is not DirectedMessage message)
                    return;

                if (policy.Apply(message).Message is not { } once)
                {
                    Interlocked.Increment(ref dropped);
                    return;
                }

                Interlocked.Increment(ref passed);
                var relayed = Encode(once);
                if (scanner.Find(relayed) is { } leak)
                    Report(ref leaks, seed, $"tells {leak}: {Encoding.UTF8.GetString(relayed.Span)}");
                if (policy.Apply(once).Message is not { } twice || !Encode(twice).Span.SequenceEqual(relayed.Span))
                    Report(ref changed, seed, $"changes when it is judged again: {Encoding.UTF8.GetString(relayed.Span)}");
            }
            catch (Exception e)
            {
                Report(ref thrown, seed, e.ToString());
            }
        });

        var rest = options.Cases - passed - dropped;
        Console.WriteLine(
            $"filter: {options.Cases} cases from seed {FirstSeed} on: {passed} passed, {dropped} dropped, {rest} no message at all; "
            + $"{leaks} leaks, {changed} changed when judged again, {thrown} exceptions; {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
        if (leaks + changed + thrown > 0)
            throw new BenchException("the relay policy does not hold");
    }

    private static void Report(ref int count, int seed, string problem)
    {
        Interlocked.Increment(ref count);
        Console.Error.WriteLine($"seed {seed}: {problem}");
    }

    private static ReadOnlyMemory<byte> Encode(DirectedMessage message)
    {
        _ = Username.TryParse("alice", out var name);
        _ = PeerId.TryParse("0123456789abcdef", out var stay);
        return MessageCodec.EncodeRelayed(message, name, stay).Utf8;
    }

    private static void MeasurePrice(BenchOptions options, CancellationToken cancel)
    {
        var contestants = Contestant.WithAndWithoutPolicy(
            options, static forced => (server, shape, pairs, token) => Connect(server, shape, pairs, forced, token));
        RelayScenario.Compare("filter", contestants, [Shape.RelayCandidate, Shape.Offer], options, cancel);
    }

    /// <summary>Pairs as in the relay scenario, of which each message must come out as the policy makes it, or as it was.</summary>
    private static LoadPeer[] Connect(IPEndPoint server, Shape shape, int pairs, bool isForced, CancellationToken cancel)
    {
        var peers = new List<LoadPeer>();
        try
        {
            while (peers.Count < 2 * pairs)
            {
                cancel.ThrowIfCancellationRequested();
                var room = $"filter-{++_rooms}";
                var caller = Join(server, room, "caller");
                var callee = Join(server, room, "callee");
                Await(caller.Wire, "webrtc-peer-joined");
                Relay(caller, callee, Shape.Offer, isForced);
                Relay(callee, caller, Shape.Answer, isForced);
                var (toCallee, toCaller) = (Relay(caller, callee, shape, isForced), Relay(callee, caller, shape, isForced));
                peers.Add(new LoadPeer(caller.Wire, Framed(caller, callee, shape), toCaller));
                peers.Add(new LoadPeer(callee.Wire, Framed(callee, caller, shape), toCallee));
                LoadPeer.Relayed(peers[^2], peers[^1]);
            }
        }
        catch
        {
            peers.ForEach(peer => peer.Dispose());
            throw;
        }

        return [.. peers];
    }

    private static Member Join(IPEndPoint server, string room, string name)
    {
        var wire = WireSocket.Open(server, $"/?username={name}&room={room}", "meshsignal.v1");
        var token = Await(wire, "session-token").GetProperty("token").GetString()!;
        wire.Send(Frame.Build(Frame.Text, Encoding.UTF8.GetBytes($$"""{"type":"webrtc-join","token":"{{token}}","mediaTypes":["audio","video"]}""")));
        Await(wire, "webrtc-joined");
        return new Member(wire, name, token);
    }

    private static byte[] Framed(Member sender, Member target, Shape shape) => Frame.Build(Frame.Text, shape.Message(sender.Token, target.Name));

    /// <summary>One message, as the target receives it.</summary>
    private static byte[] Relay(Member sender, Member target, Shape shape, bool isForced)
    {
        sender.Wire.Send(Framed(sender, target, shape));
        var payload = Await(target.Wire, shape.Type, out var bytes).GetProperty(shape.Member).GetRawText();

        // The one candidate has something to leave out, the descriptions have an origin to replace.
        if (string.Equals(payload, shape.Value, StringComparison.Ordinal) == isForced || !payload.Contains(isForced ? "0.0.0.0" : "", StringComparison.Ordinal))
            throw new BenchException($"policy {(isForced ? "on" : "off")}, but the {shape.Name} is: {payload}");
        return bytes;
    }

    private static JsonElement Await(WireSocket wire, string type) => Await(wire, type, out _);

    private static JsonElement Await(WireSocket wire, string type, out byte[] bytes)
    {
        const int most = 100;
        for (var messages = 0; messages < most; messages++)
        {
            bytes = wire.Read().ToArray();
            var message = JsonElement.Parse(bytes);
            if (message.GetProperty("type").ValueEquals(type)) return message;
            if (message.GetProperty("type").ValueEquals("webrtc-error")) throw new BenchException($"an error in place of {type}: {message}");
        }

        throw new BenchException($"no {type} among {most} messages");
    }

    private sealed record Member(WireSocket Wire, string Name, string Token);
}
