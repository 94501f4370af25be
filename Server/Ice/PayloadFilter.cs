using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Ice;

/// <summary>What a message may carry.</summary>
[Flags]
internal enum PayloadKinds
{
    Offer = 1,
    Answer = 2,
    Candidate = 4,
    Signal = Offer | Answer | Candidate,
}

/// <summary>
/// The JSON around descriptions and candidates. It keeps the shape that the client chose, one of <c>RTCSessionDescriptionInit</c>, <c>RTCIceCandidateInit</c> (W3C webrtc-pc),
/// those of simple-peer, or a plain string, and writes its content anew. PayloadMembers that the shape does not have are left out; another shape does not pass.
/// </summary>
internal readonly ref struct PayloadFilter
{
    // What a rebuilt candidate may take: it is hardly longer than the one that came.
    private const int CandidateBytes = CandidateLine.MaxLength + 64;

    private const int MaxMediaId = 64;

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly PayloadKinds _kinds;
    private readonly RelayAddresses _relays;
    private readonly Utf8JsonWriter _json;

    private PayloadFilter(PayloadKinds kinds, RelayAddresses relays, Utf8JsonWriter json) => (_kinds, _relays, _json) = (kinds, relays, json);

    /// <summary>The payload as it may be passed on; null if it may not.</summary>
    public static ReadOnlyMemory<byte>? Filter(ReadOnlySpan<byte> payload, PayloadKinds kinds, RelayAddresses relays, ref RelayFindings findings)
    {
        var output = new ArrayBufferWriter<byte>(payload.Length + 256);
        using var json = new Utf8JsonWriter(output, Json);
        try
        {
            if (new PayloadFilter(kinds, relays, json).TryWrite(payload, ref findings))
            {
                json.Flush();
                return output.WrittenMemory;
            }
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape. It can stand anywhere, and is found when a string is read.
            findings.Refuse(RelayReasons.Malformed);
        }

        findings.Void();
        return null;
    }

    private bool TryWrite(ReadOnlySpan<byte> payload, ref RelayFindings findings)
    {
        var isCandidate = _kinds == PayloadKinds.Candidate;
        switch (payload[0])
        {
            case (byte)'{':
                return TryWriteObject(payload, ref findings);
            case (byte)'"' when isCandidate:
                return TryWriteCandidate(payload, ref findings);
            case (byte)'"' when _kinds != PayloadKinds.Signal:
                return TryWriteSdp(payload, ref findings);
            case (byte)'n' when isCandidate:
                _json.WriteNullValue();
                findings.End();
                return true;
            default:
                return Refuse(ref findings);
        }
    }

    private bool TryWriteObject(ReadOnlySpan<byte> payload, ref RelayFindings findings)
    {
        var members = new PayloadMembers(payload, stackalloc MemberSlice[PayloadMembers.Names.Length]);
        if (!members.TryScan())
            return Refuse(ref findings);

        var type = members.Text(PayloadMember.Type);
        var isOffer = type == "offer" && _kinds.HasFlag(PayloadKinds.Offer);
        if (isOffer || (type == "answer" && _kinds.HasFlag(PayloadKinds.Answer)))
            return TryWriteDescription(isOffer, members, ref findings);
        if (_kinds != PayloadKinds.Candidate && SimplePeerWish.IsOne(type))
            return SimplePeerWish.TryWrite(members, _json) || Refuse(ref findings);

        return _kinds.HasFlag(PayloadKinds.Candidate) ? TryWriteCandidateObject(members, type, ref findings) : Refuse(ref findings);
    }

    private bool TryWriteDescription(bool isOffer, PayloadMembers members, ref RelayFindings findings)
    {
        if (members.Kind(PayloadMember.Sdp) != JsonTokenType.String)
            return Refuse(ref findings);

        _json.WriteStartObject();
        _json.WriteString("type"u8, isOffer ? "offer"u8 : "answer"u8);
        _json.WritePropertyName("sdp"u8);
        var passes = TryWriteSdp(members.Value(PayloadMember.Sdp), ref findings);
        _json.WriteEndObject();
        return passes;
    }

    /// <summary>
    /// A candidate, or simple-peer's object around one. Any other <c>type</c> beside a candidate is that of <c>RTCIceCandidate</c>, which some libraries send whole.
    /// </summary>
    private bool TryWriteCandidateObject(PayloadMembers members, string? type, ref RelayFindings findings)
    {
        var isWrapped = members.Kind(PayloadMember.Candidate) == JsonTokenType.StartObject;
        if (isWrapped && members.Has(PayloadMember.Type) && type != "candidate")
            return Refuse(ref findings);
        if (!members.Has(PayloadMember.Candidate) && (members.Has(PayloadMember.Type) || _kinds == PayloadKinds.Signal))
            return Refuse(ref findings); // Something else, and not the end of candidates.
        if (!isWrapped)
            return TryWriteCandidateInit(members, withType: type == "candidate", ref findings);

        var candidate = new PayloadMembers(members.Value(PayloadMember.Candidate), stackalloc MemberSlice[PayloadMembers.Names.Length]);
        if (!candidate.TryScan())
            return Refuse(ref findings);

        _json.WriteStartObject();
        if (members.Has(PayloadMember.Type))
            _json.WriteString("type"u8, "candidate"u8);
        _json.WritePropertyName("candidate"u8);
        var passes = TryWriteCandidateInit(candidate, withType: false, ref findings);
        _json.WriteEndObject();
        return passes;
    }

    private bool TryWriteCandidateInit(PayloadMembers members, bool withType, ref RelayFindings findings)
    {
        _json.WriteStartObject();
        if (withType)
            _json.WriteString("type"u8, "candidate"u8);
        if (!TryWriteCandidateMember(members, ref findings))
            return false;

        var passes = TryWriteMediaId(members, ref findings) && TryWriteLineIndex(members, ref findings) && TryWriteUsernameFragment(members, ref findings);
        _json.WriteEndObject();
        return passes;
    }

    private bool TryWriteCandidateMember(PayloadMembers members, ref RelayFindings findings)
    {
        switch (members.Kind(PayloadMember.Candidate))
        {
            case JsonTokenType.String:
                _json.WritePropertyName("candidate"u8);
                return TryWriteCandidate(members.Value(PayloadMember.Candidate), ref findings);
            case JsonTokenType.Null:
                _json.WriteNull("candidate"u8);
                findings.End();
                return true;
            case JsonTokenType.None:
                findings.End();
                return true;
            default:
                return Refuse(ref findings);
        }
    }

    private bool TryWriteMediaId(PayloadMembers members, ref RelayFindings findings)
    {
        if (!members.Has(PayloadMember.SdpMid) || TryWriteNull(members, PayloadMember.SdpMid, "sdpMid"u8))
            return true;

        Span<byte> text = stackalloc byte[MaxMediaId];
        if (!members.TryCopy(PayloadMember.SdpMid, text, out var length) || text[..length].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
            return Refuse(ref findings);
        if (!AddressSweep.IsClean(text[..length], _relays))
            return Refuse(ref findings, RelayReasons.AddressLeak);

        _json.WriteString("sdpMid"u8, text[..length]);
        return true;
    }

    private bool TryWriteLineIndex(PayloadMembers members, ref RelayFindings findings)
    {
        if (!members.Has(PayloadMember.SdpMLineIndex) || TryWriteNull(members, PayloadMember.SdpMLineIndex, "sdpMLineIndex"u8))
            return true;
        if (!IceText.TryReadNumber(members.Value(PayloadMember.SdpMLineIndex), 4, out var index) || index > 1023)
            return Refuse(ref findings);

        _json.WriteNumber("sdpMLineIndex"u8, index);
        return true;
    }

    private bool TryWriteUsernameFragment(PayloadMembers members, ref RelayFindings findings)
    {
        if (!members.Has(PayloadMember.UsernameFragment) || TryWriteNull(members, PayloadMember.UsernameFragment, "usernameFragment"u8))
            return true;

        Span<byte> text = stackalloc byte[256];
        if (!members.TryCopy(PayloadMember.UsernameFragment, text, out var length) || !IceText.IsUsernameFragment(text[..length]))
            return Refuse(ref findings);

        _json.WriteString("usernameFragment"u8, text[..length]);
        return true;
    }

    private bool TryWriteNull(PayloadMembers members, PayloadMember name, ReadOnlySpan<byte> utf8Name)
    {
        var isNull = members.Kind(name) == JsonTokenType.Null;
        if (isNull)
            _json.WriteNull(utf8Name);
        return isNull;
    }

    private bool TryWriteCandidate(ReadOnlySpan<byte> text, ref RelayFindings findings)
    {
        Span<byte> line = stackalloc byte[CandidateBytes];
        var reason = RelayReasons.Malformed;
        if (PayloadMembers.TryCopy(text, line, out var length))
        {
            if (length == 0)
            {
                _json.WriteStringValue(""u8);
                findings.End();
                return true;
            }

            var output = new AsciiWriter(stackalloc byte[CandidateBytes]);
            reason = CandidateLine.Filter(line[..length], _relays, ref output);
            if (reason == RelayReasons.None)
            {
                _json.WriteStringValue(output.Written);
                findings.Pass();
                return true;
            }
        }

        findings.Drop(reason);
        return false;
    }

    private bool TryWriteSdp(ReadOnlySpan<byte> text, ref RelayFindings findings)
    {
        var input = ArrayPool<byte>.Shared.Rent(text.Length);
        var output = ArrayPool<byte>.Shared.Rent(SdpFilter.MaxLength);
        try
        {
            var writer = new AsciiWriter(output.AsSpan(0, SdpFilter.MaxLength));
            if (!PayloadMembers.TryCopy(text, input, out var length))
                return Refuse(ref findings);
            if (!SdpFilter.TryFilter(input.AsSpan(0, length), _relays, ref writer, ref findings))
                return false;

            _json.WriteStringValue(writer.Written);
            findings.MarkDescription();
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
            ArrayPool<byte>.Shared.Return(output);
        }
    }

    private static bool Refuse(ref RelayFindings findings, RelayReasons reason = RelayReasons.Malformed)
    {
        findings.Refuse(reason);
        return false;
    }
}
