using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Fuzz;

/// <summary>Sends fuzzed messages over one socket, and holds what comes back against <see cref="MessageModel"/>.</summary>
/// <param name="other">The name of another peer, perhaps.</param>
/// <param name="counts">Answers by type and code, closes by code.</param>
/// <param name="formerWrongTokens">Of the same session at another socket.</param>
internal sealed class MessageRun(FuzzPeer peer, Func<string> other, ConcurrentDictionary<string, int> counts, int formerWrongTokens = 0)
{
    public const int WrongTokensUntilClosed = 20;

    // Not of one socket: a session that goes on at another one is sent again what answered the former ones.
    private static int _fences;

    private int _closeCode;

    /// <summary>Messages so far that bore a wrong token.</summary>
    public int WrongTokens { get; private set; } = formerWrongTokens;

    /// <summary>The server has closed the socket.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Reads all that a new socket is told, and gives the first of it.</summary>
    /// <exception cref="FuzzFault">It was not let in.</exception>
    public async Task<JsonElement> GreetAsync()
    {
        var greeting = await peer.HearAsync(MessageTypes.SessionToken);
        await HearUpToFenceAsync();
        return greeting;
    }

    /// <summary>Sends one message and reads until it has certainly been handled.</summary>
    /// <exception cref="FuzzFault">What came is not what may come.</exception>
    public async Task PlayAsync(string template)
    {
        var text = new StringBuilder(template)
            .Replace("@token@", peer.Token).Replace("@escaped-token@", $@"\u{(int)peer.Token[0]:x4}{peer.Token[1..]}")
            .Replace("@self@", peer.Name).Replace("@stay@", peer.Stay).Replace("@other@", other()).ToString();
        var utf8 = Encoding.UTF8.GetBytes(text);
        var judgement = MessageModel.Judge(utf8, peer.Token, peer.Profile);
        if (judgement.IsWrongToken && utf8.Length <= MessageModel.MostBytes)
            WrongTokens++;

        await peer.SendAsync(text);
        var heard = await HearUpToFenceAsync().WaitAsync(FuzzSocket.Patience);
        if (IsClosed)
            CheckClose(utf8.Length);
        else if (utf8.Length > MessageModel.MostBytes)
            throw new FuzzFault($"{utf8.Length} bytes were not refused");
        else if (peer.Profile == Profile.V1)
            CheckV1(judgement, heard);
        else
            CheckLegacy(judgement, heard);
    }

    /// <summary>Sends what has exactly one answer, that can be told from all others, and reads all before it.</summary>
    private async Task<List<JsonElement>> HearUpToFenceAsync()
    {
        var fence = $"fence-{Interlocked.Increment(ref _fences)}";
        var heard = new List<JsonElement>();

        // Legacy clients get no ack; what they are told of an unknown type bears the id.
        await peer.SendAsync(peer.Profile == Profile.V1
            ? $$"""{"type":"ping","id":"{{fence}}"}"""
            : $$"""{"type":"webrtc-fence","id":"{{fence}}","token":"{{peer.Token}}"}""");
        while (true)
        {
            var (message, code) = await peer.HearAsync();
            if (message.ValueKind == JsonValueKind.Undefined)
            {
                (IsClosed, _closeCode) = (true, code);
                counts.AddOrUpdate($"close {code}", 1, static (_, count) => count + 1);
                return heard;
            }

            if (message.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String && id.ValueEquals(fence))
                return heard;

            heard.Add(message);
            var type = message.GetProperty("type").GetString();
            counts.AddOrUpdate(type == MessageTypes.Error ? CodeOf(message) : type!, 1, static (_, count) => count + 1);
            if (peer.IsRelayed && message.TryGetProperty("fromPeerId", out _) && Array.Exists(MessageFuzzer.Secrets, message.GetRawText().Contains))
                throw new FuzzFault($"an address went through a room that forces relays: {message}");
        }
    }

    private void CheckClose(int bytes)
    {
        var isRight = _closeCode switch
        {
            1009 => bytes > MessageModel.MostBytes,
            4501 => WrongTokens >= WrongTokensUntilClosed,
            _ => false,
        };
        if (!isRight)
            throw new FuzzFault($"closed with {_closeCode} after {bytes} bytes and {WrongTokens} wrong tokens");
    }

    private static void CheckV1(Judgement judgement, List<JsonElement> heard)
    {
        var errors = heard.Where(IsAnswer).Where(message => TypeOf(message) == MessageTypes.Error).ToList();
        var acks = heard.Count(message => TypeOf(message) == MessageTypes.Ack);
        var pongs = heard.Count(message => TypeOf(message) == MessageTypes.Pong) - 1; // The last one is the fence's.
        if (judgement.MustFail.Length > 0)
        {
            if (errors.Count != 1 || !judgement.MustFail.Contains(CodeOf(errors[0]), StringComparer.Ordinal) || acks > 0 || pongs > 0)
                throw new FuzzFault($"not one {string.Join(" or ", judgement.MustFail)}: {string.Join("\n  ", heard)}");
            if (judgement.Id is null ? errors[0].TryGetProperty("id", out _) : !HasId(errors[0], judgement))
                throw new FuzzFault($"an error with another id: {errors[0]}");
            return;
        }

        if (errors.Exists(error => !IsFit(judgement, error)))
            throw new FuzzFault($"a code that does not fit: {string.Join("\n  ", errors)}");

        var answers = heard.Where(IsAnswer).Where(message => judgement.Id is null ? IsReply(judgement.Type, message) : HasId(message, judgement)).ToList();
        var due = judgement.Id is not null || HasReply(judgement.Type) ? 1 : errors.Count;
        if (answers.Count != due || (judgement.Id is null && acks > 0) || errors.Count > 1)
            throw new FuzzFault($"{answers.Count} first answers: {string.Join("\n  ", heard)}");
        if (judgement.Type == MessageTypes.Ping ? pongs + errors.Count != 1 || (errors.Count > 0 && !judgement.MayBeRefusedPing) : pongs != 0)
            throw new FuzzFault($"{pongs} pongs: {string.Join("\n  ", heard)}");
    }

    private static void CheckLegacy(Judgement judgement, List<JsonElement> heard)
    {
        var errors = heard.Where(IsAnswer).Where(message => TypeOf(message) == MessageTypes.Error).ToList();
        var isSilent = judgement.Type == MessageTypes.IceCandidate && !judgement.IsWrongToken;
        if (judgement.MustFail.Length > 0 && judgement.IsSignaling)
        {
            if (errors.Count != (isSilent ? 0 : 1) || errors.Exists(error => !judgement.MustFail.Contains(CodeOf(error), StringComparer.Ordinal)))
                throw new FuzzFault($"not one {string.Join(" or ", judgement.MustFail)}: {string.Join("\n  ", heard)}");
        }
        else if (judgement.MustFail.Length > 0)
        {
            var text = judgement.IsWrongToken ? "Invalid session token." : judgement.Type is null ? "Invalid message format." : "Invalid message structure.";
            if (errors.Count > 0 || heard.Count(message => TypeOf(message) == MessageTypes.System && message.GetProperty("text").ValueEquals(text)) != 1)
                throw new FuzzFault($"not one '{text}': {string.Join("\n  ", heard)}");
        }
        else if (errors.Count > 1 || errors.Exists(error => !IsFit(judgement, error)))
        {
            throw new FuzzFault($"a code that does not fit: {string.Join("\n  ", heard)}");
        }
    }

    /// <summary>Whether a message of the type has a reply of its own, id or not.</summary>
    private static bool HasReply(string? type) => type is MessageTypes.Join or MessageTypes.Leave or MessageTypes.IceServers;

    private static bool IsReply(string? type, JsonElement message) => TypeOf(message) switch
    {
        MessageTypes.Error => true,
        MessageTypes.Joined => type == MessageTypes.Join,
        MessageTypes.Left => type == MessageTypes.Leave,
        MessageTypes.IceServers => type == MessageTypes.IceServers,
        _ => false,
    };

    private static bool IsFit(Judgement judgement, JsonElement error) => MessageModel.Refusals(judgement.Type).Contains(CodeOf(error), StringComparer.Ordinal);

    /// <summary>Some the server tells of itself, sooner or later; candidates that it left out it tells together, without an id.</summary>
    private static bool IsAnswer(JsonElement message) => TypeOf(message) != MessageTypes.Error || CodeOf(message) switch
    {
        "candidate-dropped" or "relay-unavailable" => false,
        "relay-policy" => message.TryGetProperty("id", out _) || !message.TryGetProperty("dropped", out _),
        _ => true,
    };

    private static bool HasId(JsonElement message, Judgement judgement) => message.TryGetProperty("id", out var id) && MessageModel.IsSame(judgement.Id, id);

    private static string? TypeOf(JsonElement message) => message.GetProperty("type").GetString();

    private static string CodeOf(JsonElement error) => error.GetProperty("code").GetString()!;
}
