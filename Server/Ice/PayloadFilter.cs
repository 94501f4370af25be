using System.Buffers;
using System.Text;
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
/// those of simple-peer, or a plain string, and writes its content anew. Members that the shape does not have are left out; another shape does not pass.
/// </summary>
internal readonly ref struct PayloadFilter
{
    // What a rebuilt candidate may take: it is hardly longer than the one that came.
    private const int CandidateBytes = CandidateLine.MaxLength + 64;

    private const int MaxMediaId = 64;

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly byte[][] Names =
    [
        "candidate"u8.ToArray(), "sdpMid"u8.ToArray(), "sdpMLineIndex"u8.ToArray(), "usernameFragment"u8.ToArray(), "type"u8.ToArray(), "sdp"u8.ToArray(),
        "renegotiate"u8.ToArray(), "transceiverRequest"u8.ToArray(), "kind"u8.ToArray(), "init"u8.ToArray(), "direction"u8.ToArray(),
    ];

    private readonly PayloadKinds _kinds;
    private readonly RelayAddresses _relays;
    private readonly Utf8JsonWriter _json;

    private PayloadFilter(PayloadKinds kinds, RelayAddresses relays, Utf8JsonWriter json) => (_kinds, _relays, _json) = (kinds, relays, json);

    private enum Name
    {
        Candidate,
        SdpMid,
        SdpMLineIndex,
        UsernameFragment,
        Type,
        Sdp,
        Renegotiate,
        TransceiverRequest,
        Kind,
        Init,
        Direction,
    }

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
        var members = new Members(payload, stackalloc MemberSlice[Names.Length]);
        if (!members.TryScan())
            return Refuse(ref findings);

        var type = members.Text(Name.Type);
        var isOffer = type == "offer" && _kinds.HasFlag(PayloadKinds.Offer);
        if (isOffer || (type == "answer" && _kinds.HasFlag(PayloadKinds.Answer)))
            return TryWriteDescription(isOffer, members, ref findings);
        if (_kinds != PayloadKinds.Candidate && type == "renegotiate")
            return TryWriteRenegotiate(members, ref findings);
        if (_kinds != PayloadKinds.Candidate && type == "transceiverRequest")
            return TryWriteTransceiverRequest(members, ref findings);

        return _kinds.HasFlag(PayloadKinds.Candidate) ? TryWriteCandidateObject(members, type, ref findings) : Refuse(ref findings);
    }

    private bool TryWriteDescription(bool isOffer, Members members, ref RelayFindings findings)
    {
        if (members.Kind(Name.Sdp) != JsonTokenType.String)
            return Refuse(ref findings);

        _json.WriteStartObject();
        _json.WriteString("type"u8, isOffer ? "offer"u8 : "answer"u8);
        _json.WritePropertyName("sdp"u8);
        var passes = TryWriteSdp(members.Value(Name.Sdp), ref findings);
        _json.WriteEndObject();
        return passes;
    }

    /// <summary>simple-peer's wish for a new offer.</summary>
    private bool TryWriteRenegotiate(Members members, ref RelayFindings findings)
    {
        if (members.Kind(Name.Renegotiate) != JsonTokenType.True)
            return Refuse(ref findings);

        _json.WriteStartObject();
        _json.WriteString("type"u8, "renegotiate"u8);
        _json.WriteBoolean("renegotiate"u8, true);
        _json.WriteEndObject();
        return true;
    }

    /// <summary>simple-peer's wish for a media section.</summary>
    private bool TryWriteTransceiverRequest(Members members, ref RelayFindings findings)
    {
        var request = new Members(members.Value(Name.TransceiverRequest), stackalloc MemberSlice[Names.Length]);
        if (!request.TryScan() || request.Text(Name.Kind) is not ("audio" or "video"))
            return Refuse(ref findings);

        _json.WriteStartObject();
        _json.WriteString("type"u8, "transceiverRequest"u8);
        _json.WriteStartObject("transceiverRequest"u8);
        _json.WriteString("kind"u8, request.Text(Name.Kind));
        var passes = TryWriteTransceiverInit(request.Value(Name.Init), ref findings);
        _json.WriteEndObject();
        _json.WriteEndObject();
        return passes;
    }

    private bool TryWriteTransceiverInit(ReadOnlySpan<byte> init, ref RelayFindings findings)
    {
        if (init.IsEmpty)
            return true;

        var members = new Members(init, stackalloc MemberSlice[Names.Length]);
        var isKnown = members.TryScan()
            && (!members.Has(Name.Direction) || members.Text(Name.Direction) is "sendrecv" or "sendonly" or "recvonly" or "inactive" or "stopped");
        if (!isKnown)
            return Refuse(ref findings);

        _json.WriteStartObject("init"u8);
        if (members.Has(Name.Direction))
            _json.WriteString("direction"u8, members.Text(Name.Direction));
        _json.WriteEndObject();
        return true;
    }

    /// <summary>
    /// A candidate, or simple-peer's object around one. Any other <c>type</c> beside a candidate is that of <c>RTCIceCandidate</c>, which some libraries send whole.
    /// </summary>
    private bool TryWriteCandidateObject(Members members, string? type, ref RelayFindings findings)
    {
        var isWrapped = members.Kind(Name.Candidate) == JsonTokenType.StartObject;
        if (isWrapped && members.Has(Name.Type) && type != "candidate")
            return Refuse(ref findings);
        if (!members.Has(Name.Candidate) && (members.Has(Name.Type) || _kinds == PayloadKinds.Signal))
            return Refuse(ref findings); // Something else, and not the end of candidates.
        if (!isWrapped)
            return TryWriteCandidateInit(members, withType: type == "candidate", ref findings);

        var candidate = new Members(members.Value(Name.Candidate), stackalloc MemberSlice[Names.Length]);
        if (!candidate.TryScan())
            return Refuse(ref findings);

        _json.WriteStartObject();
        if (members.Has(Name.Type))
            _json.WriteString("type"u8, "candidate"u8);
        _json.WritePropertyName("candidate"u8);
        var passes = TryWriteCandidateInit(candidate, withType: false, ref findings);
        _json.WriteEndObject();
        return passes;
    }

    private bool TryWriteCandidateInit(Members members, bool withType, ref RelayFindings findings)
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

    private bool TryWriteCandidateMember(Members members, ref RelayFindings findings)
    {
        switch (members.Kind(Name.Candidate))
        {
            case JsonTokenType.String:
                _json.WritePropertyName("candidate"u8);
                return TryWriteCandidate(members.Value(Name.Candidate), ref findings);
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

    private bool TryWriteMediaId(Members members, ref RelayFindings findings)
    {
        if (!members.Has(Name.SdpMid) || TryWriteNull(members, Name.SdpMid, "sdpMid"u8))
            return true;

        Span<byte> text = stackalloc byte[MaxMediaId];
        if (!members.TryCopy(Name.SdpMid, text, out var length) || text[..length].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
            return Refuse(ref findings);
        if (!AddressSweep.IsClean(text[..length], _relays))
            return Refuse(ref findings, RelayReasons.AddressLeak);

        _json.WriteString("sdpMid"u8, text[..length]);
        return true;
    }

    private bool TryWriteLineIndex(Members members, ref RelayFindings findings)
    {
        if (!members.Has(Name.SdpMLineIndex) || TryWriteNull(members, Name.SdpMLineIndex, "sdpMLineIndex"u8))
            return true;
        if (!IceText.TryReadNumber(members.Value(Name.SdpMLineIndex), 4, out var index) || index > 1023)
            return Refuse(ref findings);

        _json.WriteNumber("sdpMLineIndex"u8, index);
        return true;
    }

    private bool TryWriteUsernameFragment(Members members, ref RelayFindings findings)
    {
        if (!members.Has(Name.UsernameFragment) || TryWriteNull(members, Name.UsernameFragment, "usernameFragment"u8))
            return true;

        Span<byte> text = stackalloc byte[256];
        if (!members.TryCopy(Name.UsernameFragment, text, out var length) || !IceText.IsUsernameFragment(text[..length]))
            return Refuse(ref findings);

        _json.WriteString("usernameFragment"u8, text[..length]);
        return true;
    }

    private bool TryWriteNull(Members members, Name name, ReadOnlySpan<byte> utf8Name)
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
        if (Members.TryCopy(text, line, out var length))
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
            if (!Members.TryCopy(text, input, out var length))
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

    /// <summary>The members of one object, as they came. No name may stand twice: a receiver might take the other one.</summary>
    private readonly ref struct Members(ReadOnlySpan<byte> text, Span<MemberSlice> slices)
    {
        private readonly ReadOnlySpan<byte> _text = text;
        private readonly Span<MemberSlice> _slices = slices;

        public bool TryScan() => MemberScan.TryScan(_text, Names, _slices);

        public bool Has(Name name) => _slices[(int)name].IsPresent;

        public JsonTokenType Kind(Name name) => _slices[(int)name].Kind;

        public ReadOnlySpan<byte> Value(Name name) => _slices[(int)name].In(_text);

        /// <summary>For short words to compare. Null if it is missing, no string, or longer than any of them.</summary>
        public string? Text(Name name)
        {
            Span<byte> word = stackalloc byte[24];
            return TryCopy(name, word, out var length) ? Encoding.UTF8.GetString(word[..length]) : null;
        }

        public bool TryCopy(Name name, Span<byte> output, out int length)
        {
            length = 0;
            return Kind(name) == JsonTokenType.String && TryCopy(Value(name), output, out length);
        }

        /// <summary>A string's characters, unescaped, if they have room.</summary>
        public static bool TryCopy(ReadOnlySpan<byte> text, Span<byte> output, out int length)
        {
            length = 0;
            var characters = text[1..^1];
            if (!characters.Contains((byte)'\\'))
            {
                length = characters.Length;
                return characters.TryCopyTo(output);
            }

            // Unescaped it is at most as long, but the reader wants room before it knows.
            var reader = new Utf8JsonReader(text);
            reader.Read();
            if (characters.Length <= output.Length)
            {
                length = reader.CopyString(output);
                return true;
            }

            var whole = Encoding.UTF8.GetBytes(reader.GetString()!);
            length = whole.Length;
            return whole.AsSpan().TryCopyTo(output);
        }
    }
}
