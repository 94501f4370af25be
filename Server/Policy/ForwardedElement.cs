using System.Buffers;
using System.Text;

namespace MeshSignal.Server.Policy;

/// <summary>What one proxy says of the request that came to it (RFC 7239 section 4), unchecked.</summary>
/// <param name="Client">Its <c>for</c>; null if it does not say.</param>
internal sealed record ForwardedElement(string? Client, string? Scheme = null, string? Host = null)
{
    private static readonly SearchValues<char> NotInToken = SearchValues.Create(" \t\"\\=");

    /// <summary>The elements of one line of <c>Forwarded</c>. Null is one that cannot be read; a quotation that does not end makes such a one of the rest.</summary>
    public static IReadOnlyList<ForwardedElement?> ParseLine(string line)
    {
        var elements = new List<ForwardedElement?>();
        foreach (var element in SplitOutsideQuotes(line, ','))
            if (element.Length > 0)
                elements.Add(ParseElement(element));
        return elements;
    }

    private static ForwardedElement? ParseElement(string text)
    {
        var pairs = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var pair in SplitOutsideQuotes(text, ';'))
        {
            if (pair.Length == 0)
                continue;
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || pair.AsSpan(0, equals).ContainsAny(NotInToken) || Unquote(pair[(equals + 1)..]) is not { } value || !pairs.TryAdd(pair[..equals], value))
                return null;
        }

        return new ForwardedElement(pairs.GetValueOrDefault("for"), pairs.GetValueOrDefault("proto"), pairs.GetValueOrDefault("host"));
    }

    /// <summary>A token or a quoted string (RFC 9110 section 5.6). Outside of quotes more is taken than a token has: some proxies forget them around <c>[…]:port</c>.</summary>
    private static string? Unquote(string value)
    {
        if (!value.StartsWith('"'))
            return value.Length == 0 || value.AsSpan().ContainsAny(NotInToken) ? null : value;

        var text = new StringBuilder();
        for (var i = 1; i < value.Length; i++)
        {
            if (value[i] == '"')
                return i == value.Length - 1 ? text.ToString() : null;
            if (value[i] == '\\' && ++i == value.Length)
                return null;
            text.Append(value[i]);
        }

        return null;
    }

    private static IEnumerable<string> SplitOutsideQuotes(string text, char separator)
    {
        var (start, isQuoted) = (0, false);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
                isQuoted = !isQuoted;
            else if (isQuoted && text[i] == '\\')
                i++;
            if (isQuoted || text[i] != separator)
                continue;
            yield return text[start..i].Trim(' ', '\t');
            start = i + 1;
        }

        yield return text[start..].Trim(' ', '\t');
    }
}
