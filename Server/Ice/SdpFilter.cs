using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace MeshSignal.Server.Ice;

/// <summary>
/// A session description (RFC 8866, RFC 9429), written anew line by line. Candidates are filtered, every other place for an address is filled with <c>0.0.0.0</c>, attributes
/// that are not known are left out, as receivers would do, and what is kept as it came is searched for addresses. A line that is not understood refuses the whole description.
/// </summary>
internal static class SdpFilter
{
    /// <summary>In bytes, before and after.</summary>
    public const int MaxLength = 64 * 1024;

    private static readonly SearchValues<byte> Characters = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(value => (byte)value), (byte)'\r', (byte)'\n']);

    // What browsers and other stacks write for media, data channels, ICE and DTLS, as far as no address belongs in it.
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> KeptAttributes = new[]
    {
        "group", "extmap-allow-mixed", "msid-semantic", "ice-options", "ice-ufrag", "ice-pwd", "ice-lite", "ice-pacing", "fingerprint", "tls-id", "setup", "mid",
        "extmap", "sendrecv", "sendonly", "recvonly", "inactive", "msid", "rtcp-mux", "rtcp-mux-only", "rtcp-rsize", "rtcp-xr", "rtpmap", "fmtp", "rtcp-fb", "ssrc",
        "ssrc-group", "sctp-port", "sctpmap", "max-message-size", "rid", "simulcast", "bundle-only", "ptime", "maxptime", "imageattr", "framerate", "end-of-candidates",
    }.ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly byte[][] KeptBandwidths = ["AS:"u8.ToArray(), "TIAS:"u8.ToArray(), "CT:"u8.ToArray(), "RS:"u8.ToArray(), "RR:"u8.ToArray()];

    /// <summary>False if nothing of it may pass.</summary>
    public static bool TryFilter(scoped ReadOnlySpan<byte> sdp, RelayAddresses relays, ref AsciiWriter output, ref RelayFindings findings)
    {
        var reason = sdp.Length > MaxLength || sdp.ContainsAnyExcept(Characters) ? RelayReasons.Malformed : Filter(sdp, relays, ref output, ref findings);
        if (output.IsOverflown)
            reason = RelayReasons.Malformed;
        if (reason == RelayReasons.None)
            return true;

        // What was found in it so far does not matter any more.
        findings = default;
        findings.Refuse(reason);
        return false;
    }

    private static RelayReasons Filter(scoped ReadOnlySpan<byte> sdp, RelayAddresses relays, ref AsciiWriter output, ref RelayFindings findings)
    {
        var isInMedia = false;
        if (!TryTakeLine(ref sdp, out var line) || !line.SequenceEqual("v=0"u8))
            return RelayReasons.Malformed;

        output.Add("v=0\r\n"u8);
        while (!sdp.IsEmpty)
        {
            if (!TryTakeLine(ref sdp, out line) || line.Length < 3 || line[1] != '=' || line[2] == ' ')
                return RelayReasons.Malformed;

            isInMedia |= line[0] == 'm';
            var reason = FilterLine(line, isInMedia, relays, ref output, ref findings);
            if (reason != RelayReasons.None)
                return reason;
        }

        return RelayReasons.None;
    }

    /// <summary>Without its end, which is CRLF or LF. False if there is a CR elsewhere, which some would take for an end.</summary>
    private static bool TryTakeLine(ref ReadOnlySpan<byte> sdp, out ReadOnlySpan<byte> line)
    {
        var end = sdp.IndexOf((byte)'\n');
        line = end < 0 ? sdp : sdp[..end];
        sdp = end < 0 ? default : sdp[(end + 1)..];
        if (end > 0 && line[^1] == '\r')
            line = line[..^1];
        return !line.Contains((byte)'\r');
    }

    private static RelayReasons FilterLine(
        scoped ReadOnlySpan<byte> line, bool isInMedia, RelayAddresses relays, ref AsciiWriter output, ref RelayFindings findings)
    {
        var value = line[2..];
        switch (line[0])
        {
            case (byte)'a':
                return FilterAttribute(line, isInMedia, relays, ref output, ref findings);
            case (byte)'m':
                return TryWriteMedia(value, ref output) ? Swept(line, relays) : RelayReasons.Malformed;
            case (byte)'o':
                return TryWriteOrigin(value, ref output) ? RelayReasons.None : RelayReasons.Malformed;
            case (byte)'c':
                // Once candidates are gathered, the default one's address stands here (RFC 9429 section 5.2.2).
                output.Add("c=IN IP4 0.0.0.0\r\n"u8);
                return RelayReasons.None;
            case (byte)'s':
                output.Add("s=-\r\n"u8);
                return RelayReasons.None;
            case (byte)'t':
                output.Add("t=0 0\r\n"u8);
                return RelayReasons.None;
            case (byte)'b' when IsKeptBandwidth(value):
                Write(line, ref output);
                return RelayReasons.None;
            case (byte)'b' or (byte)'i' or (byte)'u' or (byte)'e' or (byte)'p' or (byte)'r' or (byte)'z' or (byte)'k':
                return RelayReasons.None;
            default:
                return RelayReasons.Malformed;
        }
    }

    private static RelayReasons FilterAttribute(
        scoped ReadOnlySpan<byte> line, bool isInMedia, RelayAddresses relays, ref AsciiWriter output, ref RelayFindings findings)
    {
        var attribute = line[2..];
        var colon = attribute.IndexOf((byte)':');
        var name = colon < 0 ? attribute : attribute[..colon];
        if (Ascii.EqualsIgnoreCase(name, "candidate"u8))
        {
            FilterCandidate(attribute, isInMedia, relays, ref output, ref findings);
            return RelayReasons.None;
        }

        if (name.SequenceEqual("rtcp"u8))
        {
            output.Add("a=rtcp:9 IN IP4 0.0.0.0\r\n"u8);
            return RelayReasons.None;
        }

        if (!IsKept(name))
            return RelayReasons.None;

        if (name.SequenceEqual("end-of-candidates"u8))
            findings.End();
        Write(line, ref output);
        return Swept(line, relays);
    }

    private static void FilterCandidate(
        scoped ReadOnlySpan<byte> candidate, bool isInMedia, RelayAddresses relays, ref AsciiWriter output, ref RelayFindings findings)
    {
        var start = output.Length;
        output.Add("a="u8);
        var reason = isInMedia ? CandidateLine.Filter(candidate, relays, ref output) : RelayReasons.Malformed;
        if (reason == RelayReasons.None)
        {
            output.Add("\r\n"u8);
            findings.Pass();
        }
        else
        {
            output.Rewind(start);
            findings.Drop(reason);
        }
    }

    /// <summary>The port goes, for it is the default candidate's; but 0 says that the section is rejected.</summary>
    private static bool TryWriteMedia(scoped ReadOnlySpan<byte> value, ref AsciiWriter output)
    {
        var fields = new Fields(value);
        if (!fields.TryTake(out var media) || !fields.TryTake(out var port) || fields.Rest.IsEmpty)
            return false;

        var slash = port.IndexOf((byte)'/'); // How many ports there are.
        if (!IceText.TryReadNumber(slash < 0 ? port : port[..slash], 5, out var number) || number > ushort.MaxValue)
            return false;

        output.Add("m="u8);
        output.Add(media);
        output.Add(number == 0 ? " 0 "u8 : " 9 "u8);
        output.Add(fields.Rest);
        output.Add("\r\n"u8);
        return true;
    }

    /// <summary>User name and host go; id and version must stay, for they tell a changed description from the same one.</summary>
    private static bool TryWriteOrigin(scoped ReadOnlySpan<byte> value, ref AsciiWriter output)
    {
        var fields = new Fields(value);
        if (!fields.TryTake(out _) || !fields.TryTake(out var id) || !fields.TryTake(out var version) || !IsDigits(id) || !IsDigits(version))
            return false;
        if (!fields.TryTake(out _) || !fields.TryTake(out _) || !fields.TryTake(out _) || !fields.Rest.IsEmpty)
            return false;

        output.Add("o=- "u8);
        output.Add(id);
        output.Add(" "u8);
        output.Add(version);
        output.Add(" IN IP4 0.0.0.0\r\n"u8);
        return true;
    }

    private static bool IsDigits(ReadOnlySpan<byte> text) => text.Length is >= 1 and <= 20 && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');

    private static bool IsKeptBandwidth(ReadOnlySpan<byte> value)
    {
        foreach (var type in KeptBandwidths)
            if (value.StartsWith(type))
                return IsDigits(value[type.Length..]);

        return false;
    }

    private static bool IsKept(ReadOnlySpan<byte> name)
    {
        Span<char> characters = stackalloc char[32];
        return name.Length <= characters.Length && KeptAttributes.Contains(characters[..Encoding.ASCII.GetChars(name, characters)]);
    }

    private static RelayReasons Swept(ReadOnlySpan<byte> line, RelayAddresses relays) =>
        AddressSweep.IsClean(line, relays) ? RelayReasons.None : RelayReasons.AddressLeak;

    private static void Write(scoped ReadOnlySpan<byte> line, ref AsciiWriter output)
    {
        output.Add(line);
        output.Add("\r\n"u8);
    }
}
