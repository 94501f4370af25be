using System.Buffers;
using System.Text;

namespace MeshSignal.Server.Ice;

/// <summary>
/// Looks for addresses in text that is passed on as it came: an IPv4 or IPv6 literal that is no relay's, or a <c>.local</c> name. In doubt there is one: 1.2.3.4 as a
/// version number refuses a description that could have passed, the opposite mistake cannot be taken back.
/// </summary>
internal static class AddressSweep
{
    // Of an IPv6 address without "::": six groups and an IPv4 address behind them.
    private const int FewestColons = 6;

    private static readonly SearchValues<byte> DigitsAndDot = SearchValues.Create("0123456789."u8);
    private static readonly SearchValues<byte> HexAndColon = SearchValues.Create("0123456789ABCDEFabcdef:"u8);

    public static bool IsClean(ReadOnlySpan<byte> text, RelayAddresses relays) =>
        !HoldsLocalName(text) && !HoldsIpv4(text, relays) && !HoldsIpv6(text, relays);

    private static bool HoldsLocalName(ReadOnlySpan<byte> text)
    {
        var suffix = ".local"u8;
        for (var dot = text.IndexOf((byte)'.'); dot >= 0; dot = text.IndexOf((byte)'.'))
        {
            text = text[dot..];
            if (text.Length >= suffix.Length && Ascii.EqualsIgnoreCase(text[..suffix.Length], suffix))
                return true;
            text = text[1..];
        }

        return false;
    }

    private static bool HoldsIpv4(ReadOnlySpan<byte> text, RelayAddresses relays)
    {
        if (text.Count((byte)'.') < 3)
            return false;

        while (TakeRun(ref text, DigitsAndDot, out var run))
            if (HoldsIpv4InRun(run, relays))
                return true;

        return false;
    }

    /// <summary>Every four numbers in a row, however many stand before and behind them.</summary>
    private static bool HoldsIpv4InRun(ReadOnlySpan<byte> run, RelayAddresses relays)
    {
        Span<int> starts = [0, 0, 0, 0];
        var count = 0;
        foreach (var range in run.Split((byte)'.'))
        {
            var (start, length) = range.GetOffsetAndLength(run.Length);
            count = length == 0 ? 0 : count + 1;
            starts[1..].CopyTo(starts);
            starts[3] = start;
            if (count >= 4 && !relays.IsHarmless(run[starts[0]..(start + length)]))
                return true;
        }

        return false;
    }

    private static bool HoldsIpv6(ReadOnlySpan<byte> text, RelayAddresses relays)
    {
        if (text.IndexOf("::"u8) < 0 && text.Count((byte)':') < FewestColons)
            return false;

        while (TakeRun(ref text, HexAndColon, out var run))
        {
            // A dot behind it: an address whose last four bytes are written as an IPv4 one, which no relay's is.
            var mayBeAddress = run.IndexOf("::"u8) >= 0 || run.Count((byte)':') >= FewestColons;
            if (mayBeAddress && !IsFingerprint(run) && (text.StartsWith("."u8) || !relays.IsHarmless(run)))
                return true;
        }

        return false;
    }

    /// <summary>16 pairs of digits or more (RFC 8122 section 5): twice the groups of an address, none of them longer.</summary>
    private static bool IsFingerprint(ReadOnlySpan<byte> run)
    {
        if (run.Length < (16 * 3) - 1 || run.Length % 3 != 2)
            return false;

        for (var i = 0; i < run.Length; i++)
            if ((run[i] == ':') != (i % 3 == 2))
                return false;

        return true;
    }

    private static bool TakeRun(ref ReadOnlySpan<byte> text, SearchValues<byte> characters, out ReadOnlySpan<byte> run)
    {
        var start = text.IndexOfAny(characters);
        text = start < 0 ? default : text[start..];
        var length = text.IndexOfAnyExcept(characters);
        run = length < 0 ? text : text[..length];
        text = text[run.Length..];
        return start >= 0;
    }
}
