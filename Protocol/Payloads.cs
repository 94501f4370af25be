namespace MeshSignal.Protocol;

// What peers send each other through the server. Unless a policy holds for the two the server does not look inside: it keeps the slice of the receive buffer in
// which the value came and writes the outgoing message around it. So each is valid only while the message that brought it is handled. None prints its content.

/// <summary>An <c>offer</c> or <c>answer</c> as sent: an object such as <c>RTCSessionDescriptionInit</c> (W3C webrtc-pc 4.6), or a string.</summary>
public readonly record struct SessionDescription(ReadOnlyMemory<byte> Utf8)
{
    public override string ToString() => nameof(SessionDescription);
}

/// <summary>A <c>candidate</c> as sent: an object such as <c>RTCIceCandidateInit</c> (W3C webrtc-pc 4.8), a candidate line, or null.</summary>
public readonly record struct IceCandidate(ReadOnlyMemory<byte> Utf8)
{
    /// <summary><c>null</c> and the empty string both say that no more candidates will come (RFC 8838, end-of-candidates indication).</summary>
    public bool IsEndOfCandidates => Utf8.Span.SequenceEqual("null"u8) || Utf8.Span.SequenceEqual("\"\""u8);

    public override string ToString() => nameof(IceCandidate);
}

/// <summary>Any JSON value but null, meant for one peer: what simple-peer and other wrappers emit.</summary>
public readonly record struct OpaqueSignal(ReadOnlyMemory<byte> Utf8)
{
    public override string ToString() => nameof(OpaqueSignal);
}
