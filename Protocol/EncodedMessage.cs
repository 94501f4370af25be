namespace MeshSignal.Protocol;

/// <summary>
/// A message as it goes out: one JSON object in UTF-8. Encoded once, shared by everybody who gets it, never changed. A relayed one, of which there are the most and the largest, is
/// in an array of the pool: whoever has it holds it once, and may let go once; its bytes are not to be looked at afterwards. Who does not let go leaves it to the garbage collector.
/// </summary>
/// <param name="IsRelayed">It is from another peer, and can hold addresses.</param>
public readonly record struct EncodedMessage(ReadOnlyMemory<byte> Utf8, bool IsRelayed = false)
{
    private RentedArray Array { get; init; }

    /// <summary>Length in bytes.</summary>
    public int Length => Utf8.Length;

    /// <summary>For one more who has it.</summary>
    public void Hold() => Array.Hold();

    /// <summary>By one who has it no more.</summary>
    public void LetGo() => Array.LetGo();

    /// <summary>Not the content: it can hold a token, a description or a candidate.</summary>
    public override string ToString() => nameof(EncodedMessage);

    internal static EncodedMessage Relayed(RentedArray array, int length) => new(array.Bytes[..length], IsRelayed: true) { Array = array };
}
