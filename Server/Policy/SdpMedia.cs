using System.Text;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Policy;

/// <summary>
/// What a session description (RFC 8866) says that its sender sends. Where parsers differ it is taken for the one that sends more: a direction or a rejection
/// counts only as browsers write it, a media section also as a careless parser might find it. A screen is a video section like any other.
/// </summary>
internal static class SdpMedia
{
    private const MediaTypes All = MediaTypes.Audio | MediaTypes.Video;

    /// <summary>Audio and video; both if it has media sections and a line that is not as it should be. None for a text that is no description.</summary>
    public static MediaTypes SentBy(ReadOnlySpan<byte> sdp)
    {
        if (!MayHaveSections(sdp))
            return MediaTypes.None;

        var sent = MediaTypes.None;
        var section = new Section();
        while (!sdp.IsEmpty)
        {
            if (!TryTakeLine(ref sdp, out var line))
                return All;

            if (line[0] == 'm')
            {
                sent |= section.Sent;
                section = Section.Begin(line[2..]);
            }
            else if (line[0] == 'a')
            {
                section.Note(line[2..]);
            }
        }

        return sent | section.Sent;
    }

    /// <summary>Whether the most lenient parser could find a media section: whatever is no printable ASCII may end a line, and lines may be indented.</summary>
    private static bool MayHaveSections(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOfAnyExceptInRange((byte)' ', (byte)'~');
            if (StartsWith((end < 0 ? text : text[..end]).TrimStart((byte)' '), "m="u8))
                return true;
            text = end < 0 ? default : text[(end + 1)..];
        }

        return false;
    }

    /// <summary>False if somebody might see another line there, or none: a CR that ends no line, an indent, upper case, characters outside of ASCII.</summary>
    private static bool TryTakeLine(ref ReadOnlySpan<byte> sdp, out ReadOnlySpan<byte> line)
    {
        var end = sdp.IndexOf((byte)'\n');
        line = end < 0 ? sdp : sdp[..end];
        sdp = end < 0 ? default : sdp[(end + 1)..];
        if (end > 0 && line[^1] == '\r')
            line = line[..^1];

        return line.Length >= 3 && line[0] is >= (byte)'a' and <= (byte)'z' && line[1] == '='
            && (line[2] != ' ' || line[0] == 's') && !line.ContainsAnyExceptInRange((byte)' ', (byte)'~');
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) =>
        text.Length >= word.Length && Ascii.EqualsIgnoreCase(text[..word.Length], word);

    /// <summary>One media section, or what comes before the first: the direction there is no section's, because Chromium does not look at it.</summary>
    private struct Section
    {
        private MediaTypes _media;
        private bool _hasNoPort;
        private bool _isBundleOnly;
        private bool _isSilent;
        private bool _isSending;

        /// <summary>Without a direction it sends (RFC 8866 section 6.7). Port 0 rejects it, but not one that shares another's (RFC 9143 section 6).</summary>
        public readonly MediaTypes Sent => (_hasNoPort && !_isBundleOnly) || (_isSilent && !_isSending) ? MediaTypes.None : _media;

        public static Section Begin(ReadOnlySpan<byte> value)
        {
            var end = value.IndexOf((byte)' ');
            return new Section
            {
                _media = StartsWith(value, "audio"u8) ? MediaTypes.Audio : StartsWith(value, "video"u8) ? MediaTypes.Video : MediaTypes.None,
                _hasNoPort = end > 0 && value[end..].StartsWith(" 0 "u8),
            };
        }

        public void Note(ReadOnlySpan<byte> attribute)
        {
            _isSilent |= attribute.SequenceEqual("recvonly"u8) || attribute.SequenceEqual("inactive"u8);
            _isSending |= StartsWith(attribute, "sendrecv"u8) || StartsWith(attribute, "sendonly"u8);
            _isBundleOnly |= StartsWith(attribute, "bundle-only"u8);
        }
    }
}
