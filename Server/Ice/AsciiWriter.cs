using System.Globalization;

namespace MeshSignal.Server.Ice;

/// <summary>Writes text into a buffer that is given. What does not fit is not written, and said in the end.</summary>
internal ref struct AsciiWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    public int Length { get; private set; }

    public bool IsOverflown { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    public void Add(scoped ReadOnlySpan<byte> text)
    {
        if (text.TryCopyTo(_buffer[Length..]))
            Length += text.Length;
        else
            IsOverflown = true;
    }

    public void Add<T>(T value)
        where T : IUtf8SpanFormattable
    {
        if (value.TryFormat(_buffer[Length..], out var written, default, CultureInfo.InvariantCulture))
            Length += written;
        else
            IsOverflown = true;
    }

    /// <summary>Forgets what was written since the length was this.</summary>
    public void Rewind(int length) => Length = length;
}
