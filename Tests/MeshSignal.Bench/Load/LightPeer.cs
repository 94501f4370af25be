using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace MeshSignal.Bench.Load;

/// <summary>
/// One session over however many sockets, as a careful client keeps it: it counts what arrives and comes back with its latest token and that count.
/// It has no thread of its own and a small buffer, so that a process holds ten thousand of them.
/// </summary>
internal sealed class LightPeer(IPEndPoint server, string name, string scope, bool isLegacy = false, bool hasChat = false) : IDisposable
{
    /// <summary>What a browser calls a socket that ended without a Close.</summary>
    public const int NoCode = 1006;

    /// <summary>The end of one that has stopped reading; its socket is still there.</summary>
    public const int NotReading = 0;

    private const string V1 = "meshsignal.v1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private WireSocket? _wire;
    private Question? _question;
    private int _questions;
    private volatile bool _isReading = true;
    private volatile bool _isClosing;

    public string Name => name;

    public bool IsLegacy => isLegacy;

    public string? Token { get; private set; }

    /// <summary>Messages of the session so far, over all its sockets.</summary>
    public long Count { get; private set; }

    /// <summary>Whether the last socket went on with the session of the one before, and what was said if not.</summary>
    public bool IsResumed { get; private set; }

    public string? Reason { get; private set; }

    /// <summary>Its last stay.</summary>
    public string? PeerId { get; private set; }

    /// <summary>What the server asked for when it went away.</summary>
    public int? ReconnectAfterMs { get; private set; }

    /// <summary>Completes with the close code when the present socket ends.</summary>
    public Task<int> Ended { get; private set; } = Task.FromResult(NoCode);

    /// <summary>Hears every message but <c>session-token</c>, in order.</summary>
    public Action<JsonElement>? Received { get; init; }

    /// <summary>Bytes that the kernel keeps for it while it does not read; 0 for as many as it likes.</summary>
    public int ReceiveBuffer { get; init; }

    /// <summary>Where it comes from; null for the usual address.</summary>
    public IPAddress? From { get; init; }

    /// <exception cref="BenchException">It was not accepted, or not within 10 s.</exception>
    public async Task ConnectAsync(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        WireSocket? wire = null;
        try
        {
            var former = Token is null || isLegacy ? null : $"resume.{Token}.{Count}";
            var target = $"/?username={name}&room={scope}{(hasChat ? "&chat=on" : "")}";
            wire = await WireSocket.OpenAsync(server, target, isLegacy ? null : V1, former, patience.Token, ReceiveBuffer, From);
            await GreetAsync(wire, patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            wire?.Dispose();
            throw new BenchException($"{name} was not answered within {Patience.TotalSeconds} s");
        }
        catch
        {
            wire?.Dispose();
            throw;
        }

        (_wire, _isClosing, ReconnectAfterMs) = (wire, false, null);
        Ended = ListenAsync(wire);
        if (IsResumed) await SendAsync("ping", $$""","received":{{Count}}""");
    }

    /// <summary>Tries until it is connected again: first after this pause, then after growing ones. Returns how many tries it took.</summary>
    public async Task<int> ReturnAsync(TimeSpan firstPause, CancellationToken cancel)
    {
        var pause = firstPause;
        for (var tries = 1; ; tries++)
        {
            await Task.Delay(pause, TimeProvider.System, cancel);
            try
            {
                await ConnectAsync(cancel);
                return tries;
            }
            catch (Exception error) when (error is BenchException or SocketException)
            {
                pause = BackOff.Pause(tries - 1);
            }
        }
    }

    /// <summary>Enters a room; returns the other v1 peers in it.</summary>
    /// <exception cref="BenchException">It was refused; the message is the code.</exception>
    public async Task<string[]> JoinAsync(string room)
    {
        var previous = PeerId is null ? "" : $""","previousPeerId":"{PeerId}" """;
        var answer = await AskAsync("webrtc-join", $""","room":"{room}"{previous}""");
        if (!answer.GetProperty("type").ValueEquals("webrtc-joined")) throw new BenchException(answer.GetProperty("code").GetString()!);
        PeerId = answer.GetProperty("peerId").GetString();
        return
        [
            .. answer.GetProperty("participants").EnumerateArray()
                .Where(other => other.GetProperty("profile").ValueEquals(V1) && !other.GetProperty("username").ValueEquals(name))
                .Select(static other => other.GetProperty("username").GetString()!),
        ];
    }

    public Task SignalAsync(string target, string signal) => SendAsync("webrtc-signal", $""","targetUsername":"{target}","signal":{signal}""");

    /// <param name="fields">What follows the token, each with a comma before it.</param>
    public Task SendAsync(string type, string fields = "")
    {
        var message = $$"""{"type":"{{type}}","token":"{{Token}}"{{fields}}}""";
        return SendAsync(Frame.Build(Frame.Text, Encoding.UTF8.GetBytes(message)));
    }

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => _wire!.SendAsync(bytes, CancellationToken.None);

    /// <summary>Sends a request; the first message that bears its id is the answer.</summary>
    public async Task<JsonElement> AskAsync(string type, string fields = "")
    {
        var question = _question = new Question(++_questions);
        await SendAsync(type, $""","id":{question.Id}{fields}""");
        try
        {
            return await question.Answer.Task.WaitAsync(Patience, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            throw new BenchException($"{name}: no answer to {type} within {Patience.TotalSeconds} s");
        }
    }

    /// <summary>Reads no more; what may just be arriving is the last.</summary>
    public void StopReading() => _isReading = false;

    /// <summary>Reads on, to the end of the socket.</summary>
    public Task<int> ReadOnAsync()
    {
        _isReading = true;
        return Ended = ListenAsync(_wire!);
    }

    /// <summary>Loses its socket, with a reset.</summary>
    public Task CutAsync()
    {
        _wire!.Cut();
        return Ended;
    }

    /// <summary>Says Close, and waits for the answer.</summary>
    public async Task<int> CloseAsync()
    {
        _isClosing = true;
        await SendAsync(Frame.Build(Frame.Close, [0x03, 0xe8]));
        return await Ended.WaitAsync(Patience, TimeProvider.System);
    }

    public void Dispose() => _wire?.Dispose();

    private async Task GreetAsync(WireSocket wire, CancellationToken cancel)
    {
        byte first;
        ReadOnlySpan<byte> payload;
        while (!wire.TryTakeFrame(out first, out payload)) await wire.FillAsync(cancel);

        if (first != (0x80 | Frame.Text)) throw new BenchException($"{name}: a frame 0x{first:x2} in place of session-token");
        using var greeting = JsonDocument.Parse(payload.ToArray());
        var message = greeting.RootElement;
        if (!message.GetProperty("type").ValueEquals("session-token")) throw new BenchException($"{name}: {message} in place of session-token");

        Token = message.GetProperty("token").GetString();
        IsResumed = message.GetProperty("resumed").GetBoolean();
        Reason = message.TryGetProperty("reason", out var reason) ? reason.GetString() : null;
        if (!IsResumed) Count = 0;
    }

    private async Task<int> ListenAsync(WireSocket wire)
    {
        var code = NoCode;
        try
        {
            while (_isReading)
            {
                while (wire.TryTakeFrame(out var first, out var payload))
                {
                    if (first == (0x80 | Frame.Text)) Take(payload);
                    else if (first == (0x80 | Frame.Ping)) wire.Send(Frame.Build(Frame.Pong, payload));
                    else if (first == (0x80 | Frame.Close)) return code = Answer(wire, payload);
                }

                await wire.FillAsync(CancellationToken.None);
            }

            return code = NotReading;
        }
        catch (Exception error) when (error is SocketException or BenchException or ObjectDisposedException)
        {
            return code;
        }
        finally
        {
            if (code != NotReading) wire.Dispose();
            _question?.Answer.TrySetException(new BenchException($"{name}: the socket ended with {code}"));
        }
    }

    private int Answer(WireSocket wire, ReadOnlySpan<byte> close)
    {
        if (!_isClosing) wire.Send(Frame.Build(Frame.Close, close[..Math.Min(2, close.Length)]));
        return close.Length < 2 ? 1005 : BinaryPrimitives.ReadUInt16BigEndian(close);
    }

    private void Take(ReadOnlySpan<byte> payload)
    {
        using var document = JsonDocument.Parse(payload.ToArray());
        var message = document.RootElement;
        var type = message.GetProperty("type");
        if (type.ValueEquals("session-token")) return;

        Count++;
        if (type.ValueEquals("server-draining")) ReconnectAfterMs = message.GetProperty("reconnectAfterMs").GetInt32();
        if (_question is { } question && message.TryGetProperty("id", out var id) && id.GetInt32() == question.Id)
            question.Answer.TrySetResult(message.Clone());
        Received?.Invoke(message);
    }

    private sealed record Question(int Id)
    {
        public TaskCompletionSource<JsonElement> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
