using System.Buffers;

namespace MeshSignal.Protocol;

/// <summary>The one alphabet that names of users and rooms are made of. It needs no escape in JSON, in a URL or in a log line.</summary>
internal static class WireCharacters
{
    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    public static bool IsName(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Allowed);
}
