using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace MeshSignal.Tests.Fuzz;

/// <summary>What may become of a socket on which some bytes were written.</summary>
/// <param name="Codes">The close codes that fit: of what ends it first, and of what breaks a rule behind that, for a reader may see both at once.</param>
/// <param name="IsOver">It must be closed with one of these.</param>
/// <param name="IsBetweenMessages">It is not over, and the next byte begins a message.</param>
/// <param name="Pings">What must come back in pongs, if it is not over.</param>
/// <param name="Controls">How many control frames there were.</param>
internal sealed record FrameVerdict(IReadOnlySet<int> Codes, bool IsOver, bool IsBetweenMessages, IReadOnlyList<byte[]> Pings, int Controls);

/// <summary>
/// The framing of RFC 6455 section 5 and the limits of the protocol, over bytes that are all there: a second opinion, to hold the server against.
/// </summary>
internal sealed class FrameModel
{
    private const int MostBytes = 65_536;
    private const int MostFragments = 64;

    private readonly bool _looksAtWholeTexts;
    private readonly SortedSet<int> _codes = [];
    private readonly List<byte[]> _pings = [];
    private readonly List<byte> _text = [];
    private int _fragments;
    private int _controls;
    private bool _isOver;

    private FrameModel(bool looksAtWholeTexts) => _looksAtWholeTexts = looksAtWholeTexts;

    /// <param name="looksAtWholeTexts">For a server that finds what is not UTF-8 only when its message is whole.</param>
    public static FrameVerdict Judge(ReadOnlySpan<byte> bytes, bool looksAtWholeTexts = false)
    {
        var model = new FrameModel(looksAtWholeTexts);
        var isAtBoundary = model.Follow(bytes);
        return new FrameVerdict(model._codes, model._isOver, !model._isOver && isAtBoundary && model._fragments == 0, model._pings, model._controls);
    }

    /// <summary>Whether the last frame was whole.</summary>
    private bool Follow(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 2)
        {
            var (opcode, isFinal) = (bytes[0] & 0x0F, (bytes[0] & 0x80) != 0);
            var (isMasked, size) = ((bytes[1] & 0x80) != 0, (bytes[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 });
            var header = 2 + size + (isMasked ? 4 : 0);
            if (bytes.Length < header)
            {
                // Whoever looks at two bytes may see it in them.
                if ((bytes[0] & 0x70) != 0 || !isMasked)
                    _codes.Add(1002);
                JudgeOpcode(opcode, isFinal, length: 0);
                return false;
            }

            var length = size switch
            {
                2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
                8 => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
                _ => (ulong)(bytes[1] & 0x7F),
            };
            var isMinimal = size switch { 2 => length > 125, 8 => length is > ushort.MaxValue and <= long.MaxValue, _ => true };
            if ((bytes[0] & 0x70) != 0 || !isMasked || !isMinimal)
                _codes.Add(1002);
            if (!JudgeOpcode(opcode, isFinal, length) || (bytes[0] & 0x70) != 0 || !isMasked || !isMinimal)
            {
                _isOver = true;
                return true;
            }

            var mask = bytes.Slice(header - 4, 4).ToArray();
            var left = bytes[header..];
            var payload = left[..(int)Math.Min(length, (ulong)left.Length)].ToArray();
            for (var i = 0; i < payload.Length; i++)
                payload[i] ^= mask[i % 4];

            var isWhole = (ulong)payload.Length == length;
            if (opcode < 8)
                TakeText(payload, isFinal, isWhole);
            else if (isWhole)
                TakeControl(opcode, payload);
            else if (opcode == 8 && length == 1)
                _codes.Add(1002); // Half a code: that much its header says.
            if (!isWhole)
                return false;
            bytes = left[payload.Length..];
        }

        return bytes.IsEmpty;
    }

    /// <summary>False if a frame with such a header must not come.</summary>
    private bool JudgeOpcode(int opcode, bool isFinal, ulong length)
    {
        var codes = new List<int>();
        switch (opcode)
        {
            case 0 or 1:
                if (opcode == 0 != _fragments > 0)
                    codes.Add(1002);
                _fragments = opcode == 1 ? 1 : _fragments + 1;
                if (_fragments == 1)
                    _text.Clear();
                if (length > (ulong)(MostBytes - _text.Count))
                    codes.Add(1009);
                if (_fragments > MostFragments)
                    codes.Add(1008);
                break;
            case 2:
                codes.AddRange(_fragments > 0 ? [1002, 1003] : [1003]);
                break;
            case 8 or 9 or 10:
                _controls++;
                if (!isFinal || length > 125)
                    codes.Add(1002);
                break;
            default:
                codes.Add(1002);
                break;
        }

        _codes.UnionWith(codes);
        return codes.Count == 0;
    }

    private void TakeText(byte[] payload, bool isFinal, bool isWhole)
    {
        _text.AddRange(payload);
        var bad = _isOver ? -1 : FirstBad([.. _text], isFinal && isWhole);
        if (bad >= 0)
        {
            // Of half a frame nobody need have looked at it yet, nor need it be seen that no byte can complete the last character.
            _codes.Add(1007);
            _isOver = isWhole && (isFinal || (!_looksAtWholeTexts && !IsBegunCharacter(_text, bad)));
        }

        if (isFinal && isWhole)
            _fragments = 0;
    }

    private void TakeControl(int opcode, byte[] payload)
    {
        if (opcode == 9 && !_isOver)
            _pings.Add(payload);
        if (opcode != 8)
            return;

        var code = payload.Length < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (payload.Length > 2 && FirstBad(payload.AsSpan(2), isEnd: true) >= 0)
            _codes.Add(1007);
        if (!_isOver)
            _codes.Add(payload.Length == 0 ? 1000 : code is (>= 1000 and <= 1014 and not (1004 or 1005 or 1006)) or (>= 3000 and <= 4999) ? code : 1002);
        _isOver = true;
    }

    /// <summary>Where it ceases to be UTF-8, or, before the end, ceases to be what can become that; below 0 if it does not.</summary>
    private static int FirstBad(ReadOnlySpan<byte> bytes, bool isEnd)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var status = Rune.DecodeFromUtf8(bytes[at..], out _, out var length);
            if (status == OperationStatus.NeedMoreData && !isEnd)
                return -1;
            if (status != OperationStatus.Done)
                return at;
            at += length;
        }

        return -1;
    }

    /// <summary>Whether all from there on looks like the first bytes of a character.</summary>
    private static bool IsBegunCharacter(List<byte> text, int at) =>
        text[at] >= 0xC0 && text.Count - at <= 3 && text.Skip(at + 1).All(static value => value is >= 0x80 and < 0xC0);
}
