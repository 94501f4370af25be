using System.Net.Sockets;
using System.Text;

namespace MeshSignal.Server.Ice;

/// <summary>
/// A candidate (RFC 8839 section 5.1, TCP by RFC 6544), read strictly and written anew. What passes holds nothing of the sender's but the relay's address and what ICE needs;
/// what could be read in two ways does not pass, because the receiver might choose the other.
/// </summary>
internal static class CandidateLine
{
    /// <summary>In bytes. Browsers' have 100 to 250.</summary>
    public const int MaxLength = 512;

    private static ReadOnlySpan<byte> Prefix => "candidate:"u8;

    /// <summary>Writes the canonical form of a relay candidate, and nothing of any other. Says why not.</summary>
    public static RelayReasons Filter(scoped ReadOnlySpan<byte> line, RelayAddresses relays, ref AsciiWriter output)
    {
        line = Trim(line);
        var isText = line.Length <= MaxLength && !line.ContainsAnyExceptInRange((byte)' ', (byte)'~') && line.IndexOf("  "u8) < 0 && !line.EndsWith(" "u8);
        if (!isText || line.Length < Prefix.Length || !Ascii.EqualsIgnoreCase(line[..Prefix.Length], Prefix))
            return RelayReasons.Malformed;

        var fields = new Fields(line[Prefix.Length..]);
        if (!fields.TryTake(out var foundation) || !IceText.IsIceText(foundation, 1, 32)
            || !fields.TryTake(out var text) || !IceText.TryReadNumber(text, 3, out var component) || component is 0 or > 256
            || !fields.TryTake(out var transport)
            || !fields.TryTake(out text) || !IceText.TryReadNumber(text, 10, out var priority) || priority is 0 or > int.MaxValue
            || !fields.TryTake(out var literal)
            || !fields.TryTake(out text) || !IceText.TryReadNumber(text, 5, out var port) || port is 0 or > ushort.MaxValue
            || !fields.TryTake(out text) || !Ascii.EqualsIgnoreCase(text, "typ"u8)
            || !fields.TryTake(out var type))
            return RelayReasons.Malformed;

        if (!Ascii.EqualsIgnoreCase(type, "relay"u8))
            return RelayReasons.Type;

        var isTcp = Ascii.EqualsIgnoreCase(transport, "tcp"u8);
        if (!isTcp && !Ascii.EqualsIgnoreCase(transport, "udp"u8))
            return RelayReasons.Transport;

        // A name would have the receiver ask its resolver, which tells the name's owner where it is (W3C webrtc-pc forbids it under this policy, too).
        if (!RelayAddresses.TryParse(literal, out var address) || !relays.Accept(address))
            return RelayReasons.Address;

        if (!Extensions.TryRead(ref fields, isTcp, out var extensions))
            return RelayReasons.Malformed;

        output.Add(Prefix);
        output.Add(foundation);
        output.Add(" "u8);
        output.Add(component);
        output.Add(isTcp ? " tcp "u8 : " udp "u8);
        output.Add(priority);
        output.Add(" "u8);
        output.Add(address);
        output.Add(" "u8);
        output.Add(port);

        // The related address would be the sender's own. Receivers want one all the same, and right here: RFC 8839 requires it, some read it by position.
        output.Add(address.AddressFamily == AddressFamily.InterNetwork ? " typ relay raddr 0.0.0.0 rport 9"u8 : " typ relay raddr :: rport 9"u8);
        Extensions.Write(extensions, ref output);
        return RelayReasons.None;
    }

    /// <summary>Some libraries send the whole line of the description it came from.</summary>
    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line)
    {
        if (line.EndsWith("\n"u8))
            line = line[..^(line.EndsWith("\r\n"u8) ? 2 : 1)];
        return line.StartsWith("a="u8) ? line[2..] : line;
    }

    /// <summary>Of the extensions only those that ICE needs. The others, such as <c>network-id</c>, tell about the sender.</summary>
    private ref struct Extensions
    {
        private ReadOnlySpan<byte> _tcpType;
        private ReadOnlySpan<byte> _generation;
        private ReadOnlySpan<byte> _usernameFragment;

        /// <summary>False if a name has no value, or one that is kept has a wrong one. Of several by one name the first counts.</summary>
        public static bool TryRead(ref Fields fields, bool isTcp, out Extensions extensions)
        {
            extensions = default;
            while (fields.TryTake(out var name))
            {
                if (!fields.TryTake(out var value))
                    return false;

                if (isTcp && name.SequenceEqual("tcptype"u8) && extensions._tcpType.IsEmpty)
                    extensions._tcpType = value;
                else if (name.SequenceEqual("generation"u8) && extensions._generation.IsEmpty)
                    extensions._generation = value;
                else if (name.SequenceEqual("ufrag"u8) && extensions._usernameFragment.IsEmpty)
                    extensions._usernameFragment = value;
            }

            return extensions.IsValid;
        }

        public static void Write(scoped Extensions extensions, ref AsciiWriter output)
        {
            Write(ref output, " tcptype "u8, extensions._tcpType);
            Write(ref output, " generation "u8, extensions._generation);
            Write(ref output, " ufrag "u8, extensions._usernameFragment);
        }

        private readonly bool IsValid =>
            (_tcpType.IsEmpty || _tcpType.SequenceEqual("active"u8) || _tcpType.SequenceEqual("passive"u8) || _tcpType.SequenceEqual("so"u8))
            && (_generation.Length <= 10 && !_generation.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            && (_usernameFragment.IsEmpty || IceText.IsUsernameFragment(_usernameFragment));

        private static void Write(ref AsciiWriter output, scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
        {
            if (value.IsEmpty)
                return;

            output.Add(name);
            output.Add(value);
        }
    }
}
