using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Tests.Fuzz;

namespace MeshSignal.Bench.Scenarios;

/// <summary>Counts and failures of all lanes.</summary>
internal sealed class FuzzTally
{
    // A server that is broken is broken for every lane; nobody reads more than these.
    private const int MostFailures = 25;

    private readonly Lock _lock = new();
    private int _sequences;
    private int _messages;

    /// <summary>Answers by type and code, statuses and closes.</summary>
    public ConcurrentDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>Those that broke a rule.</summary>
    public int Sequences => Volatile.Read(ref _sequences);

    public int Messages => Volatile.Read(ref _messages);

    public List<string> Failures { get; } = [];

    public bool IsFull
    {
        get
        {
            lock (_lock)
                return Failures.Count >= MostFailures;
        }
    }

    public void AddSequence() => Interlocked.Increment(ref _sequences);

    public void AddMessage() => Interlocked.Increment(ref _messages);

    public void Count(string what) => Counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    public void Fail(FuzzInput input, string fault)
    {
        lock (_lock)
            Failures.Add($"{Corpus.Save(Corpus.Folder, input, fault)}: {fault.Split('\n')[0]}");
    }

    public void Fail(string fault)
    {
        lock (_lock)
            Failures.Add(fault);
    }
}

/// <summary>One client after another, each on a connection of its own: some that break the framing, then one that sends mutated messages.</summary>
internal sealed class FuzzLane(int number, int seed, IPEndPoint server, FuzzTally tally, string[] names, CancellationToken cancel)
{
    /// <summary>Lanes that share a scope and a room.</summary>
    public const int Group = 10;

    /// <summary>How long the server waits for a session's client.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    // More than any session gets.
    private const int TooMany = 1_000_000_000;

    // Resumed, or incomplete: others may have sent it more than is kept.
    private const string Either = "";

    // The server inherits it.
    private static readonly bool IsOnFleck = "Fleck".Equals(Environment.GetEnvironmentVariable("MeshSignal__Framing"), StringComparison.OrdinalIgnoreCase);

    private readonly FrameFuzzer _frames = new((seed * 1000) + number);
    private readonly MessageFuzzer _messages = new((seed * 1000) + number);
    private readonly Random _random = new((seed * 1000) + number);
    private readonly List<string> _sent = [];
    private (FuzzPeer Peer, int WrongTokens, long At)? _lost;
    private string? _expected; // What becomes of the session that is asked for; null if none is.
    private int _received;
    private int _seats;

    private Profile Profile => number % 2 == 0 ? Profile.V1 : Profile.Legacy;

    private bool IsRelayed => number / Group % 2 == 1;

    private string Scope => IsRelayed ? $"relayed-{number / Group}" : $"group-{number / Group}";

    private bool IsOver => tally.IsFull || cancel.IsCancellationRequested;

    /// <summary>Plays until so many sequences have broken a rule, then so many messages.</summary>
    public async Task RunAsync(int sequences, int messages)
    {
        for (var (i, broken) = (0, 0); broken < sequences && i < 3 * sequences && !IsOver; i++)
        {
            var sequence = _frames.Next();
            try
            {
                if (!await new FrameRun(server, tally.Counts, IsOnFleck).PlayAsync(sequence))
                    continue;
                broken++;
                tally.AddSequence();
            }
            catch (Exception e) when (IsFailure(e))
            {
                tally.Fail(new FuzzInput($"found-frames-{seed}-{number}-{i}", Profile, [], sequence), e.Message);
            }
        }

        for (var left = messages; left > 0 && !IsOver;)
            left -= await SitAsync(left);
    }

    /// <summary>Sends up to so many messages on one connection, and gives how many it sent.</summary>
    private async Task<int> SitAsync(int most)
    {
        _sent.Clear();
        var count = 0;
        try
        {
            var (peer, socket) = await OpenAsync();
            using (socket)
            {
                var run = new MessageRun(peer, () => names[(number / Group * Group) + ((_sent.Count + number) % Group)], tally.Counts, _lost?.WrongTokens ?? 0);
                CheckGreeting(await run.GreetAsync(), peer);
                names[number] = peer.Name;
                while (!run.IsClosed && count < most && !IsOver)
                {
                    _sent.Add(count++ == 0 ? MessageFuzzer.Join : _messages.Next());
                    tally.AddMessage();
                    await run.PlayAsync(_sent[^1]);
                }

                await LeaveAsync(run, peer, socket);
            }
        }
        catch (Exception e) when (IsFailure(e))
        {
            _lost = null;

            // Mostly the last message is enough.
            string[] enough = _sent.Count > 1 && await FailsAloneAsync(_sent[^1]) ? [MessageFuzzer.Join, _sent[^1]] : [.. _sent];
            tally.Fail(new FuzzInput($"found-messages-{seed}-{number}-{_seats}", Profile, enough, null), e.Message);
        }

        return Math.Max(count, 1);
    }

    private async Task<bool> FailsAloneAsync(string message)
    {
        try
        {
            var (peer, socket) = await FuzzSocket.OpenAsync(server, Profile, "?room=alone&chat=off");
            using (socket)
            {
                var run = new MessageRun(peer, () => "nobody", new ConcurrentDictionary<string, int>(StringComparer.Ordinal));
                await run.GreetAsync();
                await run.PlayAsync(MessageFuzzer.Join);
                await run.PlayAsync(message);
                return false;
            }
        }
        catch (Exception e) when (IsFailure(e))
        {
            return true;
        }
    }

    private async Task<(FuzzPeer Peer, FuzzSocket Socket)> OpenAsync()
    {
        _seats++;
        if (_lost is { } old && Stopwatch.GetElapsedTime(old.At) > Grace / 2)
            _lost = null; // Its session may have ended, or be about to.
        var name = _lost?.Peer.Name ?? $"f{seed}-{number}-{_seats}";
        _received = _lost?.Peer.Counted ?? 0;
        (var former, _expected) = _lost is not { } lost ? (null, null) : _random.Next(4) switch
        {
            0 => ($"release.{lost.Peer.Token}", "released"),
            1 => ($"resume.{lost.Peer.Token}.{_received + TooMany}", "incomplete"),
            2 => ($"resume.{lost.Peer.Token}.{_received = _random.Next(_received + 1)}", Either),
            _ => ($"resume.{lost.Peer.Token}.{_received}", Either),
        };
        return await FuzzSocket.OpenAsync(server, Profile, $"?username={name}&room={Scope}&chat={(number % 4 == 1 ? "off" : "on")}", former);
    }

    /// <summary>Whether a session went on that could, and none did that could not.</summary>
    private void CheckGreeting(JsonElement greeting, FuzzPeer peer)
    {
        var (isResumed, reason) = (greeting.GetProperty("resumed").GetBoolean(), greeting.TryGetProperty("reason", out var text) ? text.GetString() : null);
        tally.Count(isResumed ? "resumed" : reason is null ? "new session" : $"not resumed: {reason}");
        var isRight = _expected switch
        {
            null => !isResumed && reason is null,
            Either => isResumed || reason == "incomplete",
            _ => !isResumed && reason == _expected,
        };
        if (!isRight)
            throw new FuzzFault($"{_expected ?? "a new session"} was expected: {reason}, resumed {isResumed}");
        if (isResumed)
            peer.GoOnFrom(_lost!.Value.Peer, _received);
        _lost = null;
    }

    /// <summary>Half of them with a Close, the others without, and of those v1 comes back.</summary>
    private async Task LeaveAsync(MessageRun run, FuzzPeer peer, FuzzSocket socket)
    {
        if (run.IsClosed)
            return;
        if (_random.Next(2) == 0)
        {
            await socket.CloseAsync();
            return;
        }

        socket.Reset();
        if (Profile == Profile.V1)
            _lost = (peer, run.WrongTokens, Stopwatch.GetTimestamp());
    }

    private static bool IsFailure(Exception e) => e is FuzzFault or TimeoutException or System.Net.Sockets.SocketException or IOException;
}
