using System.Buffers;

namespace MeshSignal.Server.Chat;

/// <summary>
/// What users write to each other. Clients show it in terminals and pages, so it holds nothing that moves a cursor, ends a line before its time or turns the writing around
/// (Unicode UAX 9, "Trojan Source"): no control characters but line feed and tab, no bidirectional embeddings, overrides and isolates, no byte order mark.
/// </summary>
internal static class FreeText
{
    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        [.. Range('\u0000', '\u0008'), .. Range('\u000B', '\u001F'), .. Range('\u007F', '\u009F'), .. Range('\u202A', '\u202E'), .. Range('\u2066', '\u2069'), '\uFEFF']);

    public static bool IsClean(string text) => !text.AsSpan().ContainsAny(Forbidden);

    private static IEnumerable<char> Range(char first, char last) => Enumerable.Range(first, last - first + 1).Select(static value => (char)value);
}
