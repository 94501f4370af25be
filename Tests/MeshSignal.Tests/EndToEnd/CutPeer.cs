using System.Globalization;
using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.EndToEnd;

/// <summary>
/// A client as section 12 of the wire protocol wants it: it counts what arrives, comes back with token and count, and sends again what was not acknowledged. It sends its
/// partner numbers from 1 on, and sees to it that the partner's arrive each once and in order.
/// </summary>
/// <param name="both">Guards what either of the two partners looks at: all from <c>_unacked</c> to <c>_last</c>.</param>
internal sealed class CutPeer(CutCall call, string name, int seed, Lock both) : IDisposable
{
    /// <summary>How many numbers may be on their way unacknowledged.</summary>
    private const int Window = 8;

    /// <summary>And how many the partner may not have got: fewer than the server keeps.</summary>
    private const int MostAhead = 100;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    private readonly Random _random = new(seed);
    private readonly List<CutSocket> _sockets = [];
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Queue<int> _unacked = new();
    private int _sent;
    private int _got;
    private int? _last;
    private TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _token = "";
    private string _peerId = "";
    private long _count;
    private int _returns;
    private bool _wasGreeted;

    public CutPeer Partner { get; set; } = null!;

    public int Got => _got;

    /// <summary>What a report of a run without an end shows.</summary>
    public string State => $"{name}: sent {_sent}, got {_got}, unacknowledged {_unacked.Count}, counted {_count}, attempts to return {_returns}";

    /// <summary>All that was sent to it has arrived, and all that it sent is acknowledged.</summary>
    private bool IsDone => _last is not null && _unacked.Count == 0 && _got == Partner._last;

    /// <summary>A new session, in a room.</summary>
    public async Task<CutSocket> JoinAsync(string room, string? entry, CancellationToken cancel)
    {
        var socket = NewSocket();
        await socket.OpenAsync(call.Plan.Server, $"?username={name}", entry, cancel);
        await ReceiveUntilAsync(socket, MessageTypes.HeartbeatConfig, cancel);
        var previous = _peerId.Length == 0 ? "" : $",\"previousPeerId\":\"{_peerId}\"";
        await socket.SendAsync($$"""{"type":"{{MessageTypes.Join}}","token":"{{_token}}","room":"{{room}}"{{previous}}}""", cancel);
        _peerId = (await ReceiveUntilAsync(socket, MessageTypes.Joined, cancel)).GetProperty("peerId").GetString()!;
        return socket;
    }

    /// <summary>Sends and receives over however many sockets, until all that either has sent has arrived.</summary>
    public async Task ExchangeAsync(CutSocket? socket, CancellationTokenSource done)
    {
        Arm(socket!);
        while (!done.IsCancellationRequested)
        {
            var isBack = socket is null;
            try
            {
                if (isBack)
                {
                    // The absence itself, of random length, is what is tried; nothing is judged by it. Once only: while it tries to return the session's time runs on.
                    if (_wasGreeted)
                        await Task.Delay(call.Plan.LongestAway * _random.NextDouble(), call.Time, done.Token);
                    _wasGreeted = false;
                    socket = NewSocket();
                    Arm(socket);
                    _returns++;
                    await socket.OpenAsync(call.Plan.Server, "", $"{Subprotocols.ResumePrefix}{_token}.{_count.ToString(CultureInfo.InvariantCulture)}", done.Token);
                }

                await ServeAsync(socket!, isBack, done);
            }
            catch (Exception e) when (CutSocket.IsCut(e))
            {
                if (done.IsCancellationRequested)
                    return;
                if (socket is { HasBroken: false })
                    call.Fault($"{name}: the server has torn the socket down: {e.Message}");
                call.Broken();
                socket = null;
            }
        }
    }

    /// <summary>Sends some numbers in vain until it is told that the partner has left, and gives the reason.</summary>
    public async Task<string> SignalUntilPartnerLeftAsync(CutSocket socket, CancellationToken cancel)
    {
        for (var i = 1; i <= Window; i++)
        {
            lock (both)
                _unacked.Enqueue(i);
            await SendAsync(socket, i, cancel);
        }

        return (await ReceiveUntilAsync(socket, MessageTypes.PeerLeft, cancel)).GetProperty("reason").GetString()!;
    }

    /// <summary>Comes back too late: to a new session, in which nothing of the old one's arrives.</summary>
    public async Task ReturnTooLateAsync(string room, CancellationToken cancel)
    {
        var (entry, before) = ($"{Subprotocols.ResumePrefix}{_token}.{_count.ToString(CultureInfo.InvariantCulture)}", _got);
        var socket = await JoinAsync(room, entry, cancel);
        await socket.SendAsync($$"""{"type":"{{MessageTypes.Ping}}","token":"{{_token}}"}""", cancel);
        await ReceiveUntilAsync(socket, MessageTypes.Pong, cancel);
        if (_got != before)
            call.Fault($"{name}: something stale has arrived");
    }

    public void Wake() => _wake.Release();

    public void Dispose()
    {
        foreach (var socket in _sockets)
            socket.Dispose();
        _wake.Dispose();
    }

    private CutSocket NewSocket()
    {
        var socket = CutSocket.Create();
        _sockets.Add(socket);
        return socket;
    }

    /// <summary>Some break while they are being opened or the answer to the resume comes in, the others later.</summary>
    private void Arm(CutSocket socket)
    {
        if (!call.TryTakeCut())
            return;

        var kind = _random.Next(20) switch { < 8 => CutKind.Reset, < 13 => CutKind.End, _ => CutKind.Silence };
        var isEarly = _random.Next(3) == 0;
        if (_random.Next(10) < 7)
            socket.Arm(kind, _random.Next(isEarly ? 1500 : 40_000), int.MaxValue);
        else
            socket.Arm(kind, int.MaxValue, _random.Next(isEarly ? 600 : 15_000));
    }

    private async Task ServeAsync(CutSocket socket, bool isBack, CancellationTokenSource done)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(done.Token);
        _caughtUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = ReadAsync(socket, done, ending.Token);
        var writing = WriteAsync(socket, isBack, done, ending.Token);
        try
        {
            await await Task.WhenAny(reading, writing);
        }
        finally
        {
            await ending.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(CutSocket socket, CancellationTokenSource done, CancellationToken cancel)
    {
        while (true)
        {
            await ReceiveAsync(socket, cancel);
            EndIfDone(done);
        }
    }

    private async Task WriteAsync(CutSocket socket, bool isBack, CancellationTokenSource done, CancellationToken cancel)
    {
        if (isBack)
        {
            // Behind all that was missed; so what is not acknowledged by then has not been carried out, and never will be.
            await _caughtUp.Task.WaitAsync(cancel);
            _caughtUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await PingAsync(socket, $"back-{_returns}", cancel);
            await _caughtUp.Task.WaitAsync(cancel);
            foreach (var number in Unacked())
                await SendAsync(socket, number, cancel);
        }

        while (true)
        {
            while (TryTakeNumber(out var number))
            {
                await SendAsync(socket, number, cancel);
                if (!socket.IsArmed)
                    await Task.Delay(Pace, call.Time, cancel); // Its own cuts are over and the others' are not: it sends on, though not as fast as it can.
                if (_random.Next(40) == 0)
                    await PingAsync(socket, "", cancel);
            }

            EndIfDone(done);
            await _wake.WaitAsync(cancel);
        }
    }

    private int[] Unacked()
    {
        lock (both)
            return [.. _unacked];
    }

    private bool TryTakeNumber(out int number)
    {
        lock (both)
        {
            if (_last is null && call.IsSpent)
                _last = _sent;
            number = _sent + 1;
            if (_last is not null || _unacked.Count >= Window || _sent - Partner._got >= MostAhead)
                return false;

            _sent = number;
            _unacked.Enqueue(number);
            return true;
        }
    }

    private void EndIfDone(CancellationTokenSource done)
    {
        bool isDone;
        lock (both)
            isDone = IsDone && Partner.IsDone;
        if (isDone)
            done.Cancel();
    }

    private ValueTask SendAsync(CutSocket socket, int number, CancellationToken cancel) => socket.SendAsync(
        $$$"""{"type":"{{{MessageTypes.Signal}}}","token":"{{{_token}}}","id":{{{number}}},"targetUsername":"{{{Partner.Name}}}","signal":{"n":{{{number}}},"x":"{{{new string('x', number * 37 % 400)}}}"}}""",
        cancel);

    private ValueTask PingAsync(CutSocket socket, string id, CancellationToken cancel) => socket.SendAsync(
        $$"""{"type":"{{MessageTypes.Ping}}","token":"{{_token}}","received":{{Volatile.Read(ref _count)}}{{(id.Length == 0 ? "" : $",\"id\":\"{id}\"")}}}""", cancel);

    private string Name => name;

    private async Task<JsonElement> ReceiveUntilAsync(CutSocket socket, string type, CancellationToken cancel)
    {
        while (true)
        {
            var message = await ReceiveAsync(socket, cancel);
            if (type.Equals(message.GetProperty("type").GetString(), StringComparison.Ordinal))
                return message;
        }
    }

    private async Task<JsonElement> ReceiveAsync(CutSocket socket, CancellationToken cancel)
    {
        if (await socket.ReceiveAsync(cancel) is not { } utf8)
        {
            call.Fault($"{name}: the server has closed: {socket.CloseText}");
            throw new IOException("The server has closed.");
        }

        var message = JsonElement.Parse(utf8);
        See(message);
        return message;
    }

    private void See(JsonElement message)
    {
        var type = message.GetProperty("type").GetString()!;
        if (type == MessageTypes.SessionToken)
        {
            Greeted(message);
            return;
        }

        Volatile.Write(ref _count, _count + 1);
        switch (type)
        {
            case MessageTypes.Signal:
                Arrived(message.GetProperty("signal").GetProperty("n").GetInt32());
                Partner.Wake();
                break;
            case MessageTypes.Ack when message.GetProperty("id").ValueKind == JsonValueKind.Number:
                Acknowledged(message.GetProperty("id").GetInt32());
                Wake();
                break;
            case MessageTypes.Ack when message.GetProperty("id").ValueEquals($"back-{_returns}"):
                _caughtUp.TrySetResult();
                break;
            case MessageTypes.Error:
                call.Fault($"{name}: {message}");
                break;
        }
    }

    private void Greeted(JsonElement greeting)
    {
        var isResumed = greeting.GetProperty("resumed").GetBoolean();
        var reason = greeting.TryGetProperty("reason", out var word) ? word.GetString() : null;
        _wasGreeted = true;
        call.Greeted(name, isFirst: _token.Length == 0, isResumed, reason);
        _token = greeting.GetProperty("token").GetString()!;
        if (!isResumed)
            _count = 0;
        _caughtUp.TrySetResult();
    }

    private void Arrived(int number)
    {
        lock (both)
        {
            if (number <= _got)
                call.Duplicate($"{name}: got {number} after {_got}");
            else if (number > _got + 1)
                call.Gap($"{name}: got {number} after {_got}");
            _got = Math.Max(number, _got);
        }
    }

    private void Acknowledged(int number)
    {
        lock (both)
            if (!_unacked.TryDequeue(out var first) || first != number)
                call.Fault($"{name}: {number} is acknowledged, and {first} was next");
    }
}
