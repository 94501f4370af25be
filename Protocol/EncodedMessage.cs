namespace MeshSignal.Protocol;

/// <summary>A message as it goes out: one JSON object in UTF-8. Encoded once, shared by everybody who gets it, never changed.</summary>
/// <param name="IsRelayed">It is from another peer, and can hold addresses.</param>
public readonly record struct EncodedMessage(ReadOnlyMemory<byte> Utf8, bool IsRelayed = false)
{
    public int Length => Utf8.Length;

    /// <summary>Not the content: it can hold a token, a description or a candidate.</summary>
    public override string ToString() => nameof(EncodedMessage);
}
