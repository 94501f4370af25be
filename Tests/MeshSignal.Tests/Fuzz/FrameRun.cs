using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Fuzz;

/// <summary>Writes frame sequences to a server, each on a connection of its own, and holds what comes back against <see cref="FrameModel"/>.</summary>
/// <param name="counts">Answers by type, statuses and closes by code.</param>
/// <param name="looksAtWholeTexts">As of <see cref="FrameModel.Judge"/>.</param>
internal sealed class FrameRun(IPEndPoint server, ConcurrentDictionary<string, int> counts, bool looksAtWholeTexts = false)
{
    // A code that no client sends by itself and that the server only repeats: it says that all before it was handled.
    private const int Farewell = 4999;

    // Of the control frames at once, and of those that come back each second.
    private const int ControlBurst = 19;

    private static readonly int[] Statuses = [101, 200, 204, 400, 403, 404, 405, 408, 411, 413, 414, 417, 426, 431, 501, 505];

    // Who asks for a name, a room or a session that it may not have.
    private static readonly int[] Refusals = [4501, 4510, 4511];

    // Those that the server comes to by itself; the others it only repeats.
    private static readonly int[] OwnCodes = [1002, 1003, 1007, 1008, 1009, .. Refusals];

    private static readonly TimeSpan FragmentTime = TimeSpan.FromSeconds(9);

    /// <summary>Plays one. True if it broke a rule of the framing or of the handshake.</summary>
    /// <exception cref="FuzzFault">What came is not what may come.</exception>
    public async Task<bool> PlayAsync(FrameSequence sequence)
    {
        using var socket = await FuzzSocket.ConnectAsync(server);
        var isPlain = sequence.Head is FrameFuzzer.V1Head + "\r\n" or FrameFuzzer.LegacyHead + "\r\n";
        var head = Encoding.Latin1.GetBytes(sequence.Head);
        if (sequence.IsEager)
            await socket.SendAsync(head, sequence.Bytes);
        else
            await socket.SendAsync(head);

        // A head without its end would be waited for; one that may end early leaves bytes to the frames that nobody meant for frames.
        var isCutOff = !sequence.Head.EndsWith("\r\n\r\n", StringComparison.Ordinal);
        var endsEarly = sequence.Head.Contains("\n\n", StringComparison.Ordinal)
            || sequence.Head.IndexOf("\n\r\n", StringComparison.Ordinal) < sequence.Head.Length - 3;
        if (isCutOff || endsEarly)
            socket.EndSending();
        var response = await socket.ReadHeadAsync();
        Check(response, isPlain);
        if (isCutOff || endsEarly || response?.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) != true)
            return true;

        if (!sequence.IsEager)
            foreach (var piece in sequence.Pieces)
                if (!await socket.SendAsync(piece))
                    break;

        var profile = response.Contains("\r\nSec-WebSocket-Protocol: meshsignal.v1\r\n", StringComparison.OrdinalIgnoreCase) ? Profile.V1 : Profile.Legacy;
        return await ListenAsync(socket, sequence, profile, isPlain);
    }

    private void Check(string? response, bool isPlain)
    {
        Count(response is null ? "no status" : $"status {Status(response)}");
        if (isPlain && response?.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) != true)
            throw new FuzzFault($"a lawful upgrade was answered with {response ?? "nothing"}");
        if (response is not null && (!response.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || !Statuses.Contains(Status(response))))
            throw new FuzzFault($"a status that does not fit: {response}");
    }

    private async Task<bool> ListenAsync(FuzzSocket socket, FrameSequence sequence, Profile profile, bool isPlain)
    {
        var started = Stopwatch.GetTimestamp();
        var verdict = FrameModel.Judge(sequence.Bytes, looksAtWholeTexts);
        if (verdict.IsBetweenMessages)
            await socket.SendAsync(ClientFrame.Message("""{"type":"ping"}"""), ClientFrame.Closing(Farewell));
        else if (!verdict.IsOver && sequence.End == FrameEnding.HalfClose)
            socket.EndSending();
        else if (!verdict.IsOver)
            socket.Reset();

        // A socket that was reset cannot be read; that the server is none the worse for it, the others will see.
        if (!verdict.IsOver && !verdict.IsBetweenMessages && sequence.End == FrameEnding.Reset)
            return true;

        var (code, pongs, last) = await ReadAsync(socket, profile);
        HashSet<int> right = verdict.IsBetweenMessages ? [Farewell] : [.. verdict.Codes];
        if (!isPlain)
            right.UnionWith(Refusals);
        if (verdict.Controls > ControlBurst || Stopwatch.GetElapsedTime(started) > FragmentTime)
            right.Add((int)CloseCode.PolicyViolation);
        Count(code switch
        {
            null => "close without a code",
            Farewell => "close after all was well",
            { } own when OwnCodes.Contains(own) => $"close {own}",
            _ => "close with the client's code",
        });
        if (code is null ? verdict.IsOver || verdict.IsBetweenMessages : !right.Contains(code.Value))
            throw new FuzzFault($"closed with {code?.ToString(CultureInfo.InvariantCulture) ?? "no code"} where {string.Join(" or ", right)} fits");

        if (code == Farewell && verdict.IsBetweenMessages && isPlain)
            CheckAnswers(verdict, pongs, last);
        return !verdict.IsBetweenMessages;
    }

    private async Task<(int? Code, List<byte[]> Pongs, string Last)> ReadAsync(FuzzSocket socket, Profile profile)
    {
        var (code, pongs, last) = ((int?)null, new List<byte[]>(), "");
        while (await socket.ReadFrameAsync() is { } frame)
        {
            if (code is not null)
                throw new FuzzFault($"a frame behind the Close: {frame.First:X2} {frame.Text}");
            switch (frame.Opcode)
            {
                case ClientFrame.Text:
                    if (ServerSays.Fault(last = frame.Text, profile, out var message) is { } fault)
                        throw new FuzzFault(fault);
                    Count(message.TryGetProperty("code", out var error) ? error.GetString()! : message.GetProperty("type").GetString()!);
                    break;
                case ClientFrame.Pong:
                    pongs.Add(frame.Payload);
                    break;
                case ClientFrame.Close:
                    code = frame.Payload.Length < 2 ? 1005 : frame.CloseCode;
                    socket.EndSending();
                    break;
            }
        }

        return (code, pongs, last);
    }

    private static void CheckAnswers(FrameVerdict verdict, List<byte[]> pongs, string last)
    {
        if (!last.Contains("\"pong\"", StringComparison.Ordinal))
            throw new FuzzFault($"the last message before the Close is no pong: {last}");
        if (pongs.Count != verdict.Pings.Count || pongs.Zip(verdict.Pings).Any(pair => !pair.First.AsSpan().SequenceEqual(pair.Second)))
            throw new FuzzFault($"{pongs.Count} pongs for {verdict.Pings.Count} pings, or others than these");
    }

    private void Count(string what) => counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    private static int Status(string response) =>
        int.TryParse(response.Split(' ').ElementAtOrDefault(1), NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? status : 0;
}
