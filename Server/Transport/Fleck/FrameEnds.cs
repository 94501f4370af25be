namespace MeshSignal.Server.Transport.Fleck;

/// <summary>
/// Where each frame ends, and which are control frames (RFC 6455 section 5.2). Nothing is judged here: the bytes have passed the guard, so all frames are
/// masked and none is too long.
/// </summary>
internal sealed class FrameEnds
{
    private const int ShortHeader = 2;
    private const int Mask = 4;

    private int _header; // How much of it has come.
    private int _headerLength = ShortHeader; // As far as can be told by now.
    private long _payloadLeft;
    private bool _isControl;

    /// <summary>How many of the bytes belong to the frame that the first of them is in.</summary>
    public int Take(ReadOnlySpan<byte> bytes, out bool isControl)
    {
        var taken = 0;
        while (_header < _headerLength && taken < bytes.Length)
            TakeHeader(bytes[taken++]);

        var payload = (int)Math.Min(_payloadLeft, bytes.Length - taken);
        _payloadLeft -= payload;
        isControl = _isControl;
        if (_header == _headerLength && _payloadLeft == 0)
            (_header, _headerLength) = (0, ShortHeader);
        return taken + payload;
    }

    private void TakeHeader(byte value)
    {
        var at = _header++;
        if (at == 0)
            _isControl = (value & 0x08) != 0;
        else if (at == 1)
            BeginLength(value & 0x7F);
        else if (at < _headerLength - Mask)
            _payloadLeft = (_payloadLeft << 8) | value;
    }

    private void BeginLength(int length)
    {
        var extended = length switch { 126 => 2, 127 => 8, _ => 0 };
        _headerLength = ShortHeader + extended + Mask;
        _payloadLeft = extended == 0 ? length : 0;
    }
}
