using System.Buffers;

namespace MeshSignal.Protocol;

/// <summary>
/// Walks over JSON text (RFC 8259) and checks its grammar; builds and unescapes nothing. In place of <see cref="System.Text.Json.Utf8JsonReader"/>, which
/// looks at every byte of a string once it has met an escape, and a description is one string with an escape at each line: a 3 KB offer takes
/// a third of the time (<c>dotnet run -c Release --project Tests/MeshSignal.Bench -- scan</c>). The tests hold the two against each other.
/// </summary>
internal ref struct JsonScanner(ReadOnlySpan<byte> text)
{
    // What ends a run of plain characters in a string: its quote, an escape, or a control character, which must be escaped.
    private static readonly SearchValues<byte> Special = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(value => (byte)value), (byte)'"', (byte)'\\']);
    private static readonly SearchValues<byte> WhiteSpace = SearchValues.Create(" \t\r\n"u8);
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);
    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    private readonly ReadOnlySpan<byte> _text = text;
    private int _values;

    /// <summary>Where the next byte to look at stands.</summary>
    public int Position { get; private set; }

    public readonly bool IsAtEnd => Position == _text.Length;

    private readonly byte Current => IsAtEnd ? (byte)0 : _text[Position];

    public void SkipWhiteSpace()
    {
        // Mostly there is none.
        if (Current > ' ')
            return;

        var length = _text[Position..].IndexOfAnyExcept(WhiteSpace);
        Position = length < 0 ? _text.Length : Position + length;
    }

    /// <summary>Takes one character of the grammar, and white space around it.</summary>
    public bool TryTake(char character)
    {
        SkipWhiteSpace();
        if (Current != character)
            return false;

        Position++;
        SkipWhiteSpace();
        return true;
    }

    /// <summary>
    /// Takes a value of any kind. Objects and arrays in it may be nested <paramref name="depth"/> deep, and of all that are taken there may be <see cref="MessageCodec.MaxValues"/>.
    /// </summary>
    public bool TryTakeValue(int depth) => ++_values <= MessageCodec.MaxValues && Current switch
    {
        (byte)'"' => TryTakeString(),
        (byte)'{' => depth > 0 && TryTakeObject(depth - 1),
        (byte)'[' => depth > 0 && TryTakeArray(depth - 1),
        (byte)'t' => TryTakeLiteral("true"u8),
        (byte)'f' => TryTakeLiteral("false"u8),
        (byte)'n' => TryTakeLiteral("null"u8),
        _ => TryTakeNumber(),
    };

    public bool TryTakeString()
    {
        if (Current != '"')
            return false;

        var at = Position + 1;
        while (at < _text.Length)
        {
            switch (_text[at])
            {
                case (byte)'"':
                    Position = at + 1;
                    return true;
                case (byte)'\\':
                    // Not by the search below: they often come in pairs, as at the end of each line of a description.
                    var length = EscapeLength(at);
                    if (length == 0)
                        return false;
                    at += length;
                    break;
                case < 0x20:
                    return false;
                default:
                    var plain = _text[at..].IndexOfAny(Special);
                    if (plain < 0)
                        return false;
                    at += plain;
                    break;
            }
        }

        return false;
    }

    /// <summary>0 if it is none.</summary>
    private readonly int EscapeLength(int at)
    {
        if (at + 1 >= _text.Length)
            return 0;

        return _text[at + 1] switch
        {
            (byte)'n' or (byte)'r' or (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'t' => 2,
            (byte)'u' when at + 6 <= _text.Length && !_text.Slice(at + 2, 4).ContainsAnyExcept(HexDigits) => 6,
            _ => 0,
        };
    }

    private bool TryTakeObject(int depth)
    {
        Position++;
        if (TryTakeEnd('}'))
            return true;

        do
        {
            if (!TryTakeString() || !TryTake(':') || !TryTakeValue(depth))
                return false;
        }
        while (TryTake(','));
        return TryTakeEnd('}');
    }

    private bool TryTakeArray(int depth)
    {
        Position++;
        if (TryTakeEnd(']'))
            return true;

        do
        {
            if (!TryTakeValue(depth))
                return false;
        }
        while (TryTake(','));
        return TryTakeEnd(']');
    }

    /// <summary>White space behind the end belongs to whatever is around it.</summary>
    private bool TryTakeEnd(char character)
    {
        SkipWhiteSpace();
        if (Current != character)
            return false;

        Position++;
        return true;
    }

    private bool TryTakeLiteral(ReadOnlySpan<byte> literal)
    {
        if (!_text[Position..].StartsWith(literal))
            return false;

        Position += literal.Length;
        return true;
    }

    private bool TryTakeNumber()
    {
        if (Current == '-')
            Position++;
        if (Current == '0')
            Position++; // Nothing but a fraction or an exponent may follow it.
        else if (!TryTakeDigits())
            return false;

        if (Current == '.')
        {
            Position++;
            if (!TryTakeDigits())
                return false;
        }

        if (Current is not ((byte)'e' or (byte)'E'))
            return true;

        Position++;
        if (Current is (byte)'+' or (byte)'-')
            Position++;
        return TryTakeDigits();
    }

    private bool TryTakeDigits()
    {
        var length = _text[Position..].IndexOfAnyExcept(Digits);
        length = length < 0 ? _text.Length - Position : length;
        Position += length;
        return length > 0;
    }
}
