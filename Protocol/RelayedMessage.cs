using System.Text;

namespace MeshSignal.Protocol;

/// <summary>Messages that are put together from pieces which are JSON already. Names, ids and types need no escape, so pieces are all it takes.</summary>
internal static class RelayedMessage
{
    private static readonly Shape Offer = new(MessageTypes.Offer, "offer");
    private static readonly Shape Answer = new(MessageTypes.Answer, "answer");
    private static readonly Shape IceCandidate = new(MessageTypes.IceCandidate, "candidate");
    private static readonly Shape Signal = new(MessageTypes.Signal, "signal");
    private static readonly byte[] HistoryStart = Encoding.UTF8.GetBytes($$"""{"type":"{{MessageTypes.History}}","messages":[""");

    public static EncodedMessage Encode(DirectedMessage message, Username fromUsername, PeerId fromPeerId) => message switch
    {
        OfferMessage offer => Offer.Encode(fromUsername, fromPeerId, offer.Offer.Utf8.Span),
        AnswerMessage answer => Answer.Encode(fromUsername, fromPeerId, answer.Answer.Utf8.Span),
        CandidateMessage candidate => IceCandidate.Encode(fromUsername, fromPeerId, candidate.Candidate.Utf8.Span),
        SignalMessage signal => Signal.Encode(fromUsername, fromPeerId, signal.Signal.Utf8.Span),
        _ => throw new ArgumentOutOfRangeException(nameof(message), message, "Not a kind that is relayed."),
    };

    public static EncodedMessage EncodeHistory(IReadOnlyCollection<EncodedMessage> entries)
    {
        var length = HistoryStart.Length + entries.Sum(entry => entry.Length) + Math.Max(entries.Count - 1, 0) + "]}"u8.Length;
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        var pieces = new Pieces(bytes);
        pieces.Add(HistoryStart);
        var isFirst = true;
        foreach (var entry in entries)
        {
            pieces.Add(isFirst ? default : ","u8);
            pieces.Add(entry.Utf8.Span);
            isFirst = false;
        }

        pieces.Add("]}"u8);
        return new EncodedMessage(bytes);
    }

    /// <summary>The constant parts of one kind of message.</summary>
    private sealed class Shape(string type, string payload)
    {
        private readonly byte[] _start = Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"fromUsername\":\"");
        private readonly byte[] _payload = Encoding.UTF8.GetBytes($"\",\"{payload}\":");

        public EncodedMessage Encode(Username fromUsername, PeerId fromPeerId, ReadOnlySpan<byte> payload)
        {
            var separator = "\",\"fromPeerId\":\""u8;
            var length = _start.Length + fromUsername.Value.Length + separator.Length + fromPeerId.Value.Length + _payload.Length + payload.Length + 1;
            var array = new RentedArray(length);
            var pieces = new Pieces(array.Bytes.Span);
            pieces.Add(_start);
            pieces.AddAscii(fromUsername.Value);
            pieces.Add(separator);
            pieces.AddAscii(fromPeerId.Value);
            pieces.Add(_payload);
            pieces.Add(payload);
            pieces.Add("}"u8);
            return EncodedMessage.Relayed(array, length);
        }
    }

    /// <summary>Fills an array, front to back.</summary>
    private ref struct Pieces(Span<byte> rest)
    {
        private Span<byte> _rest = rest;

        public void Add(ReadOnlySpan<byte> piece)
        {
            piece.CopyTo(_rest);
            _rest = _rest[piece.Length..];
        }

        public void AddAscii(string piece) => _rest = _rest[Encoding.ASCII.GetBytes(piece, _rest)..];
    }
}
