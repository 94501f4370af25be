using System.Globalization;

namespace MeshSignal.Server.Tools.Checks;

/// <summary>Whether the process may have as many files open as it may have sockets.</summary>
internal static class FileLimitCheck
{
    /// <summary>Linux tells each process its own.</summary>
    private const string Limits = "/proc/self/limits";

    private const string Line = "Max open files";

    /// <summary>For what is not a socket of a client: the program's own files, its log, listening sockets.</summary>
    private const int Others = 256;

    public static Finding Check(int maxConnections)
    {
        try
        {
            return Judge(File.ReadAllText(Limits), maxConnections);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Unknown(maxConnections);
        }
    }

    /// <param name="limits">As Linux tells them. .NET raises the soft limit to the hard one when a process starts, so the hard one counts.</param>
    public static Finding Judge(string limits, int maxConnections)
    {
        var line = limits.Split('\n').FirstOrDefault(static line => line.StartsWith(Line, StringComparison.Ordinal));
        if (line?[Line.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [_, var hard, ..])
            return Unknown(maxConnections);
        if (!long.TryParse(hard, NumberStyles.None, CultureInfo.InvariantCulture, out var files))
            return Finding.Ok($"Files: no limit, for {maxConnections} connections."); // "unlimited".

        // Some more are let in to be told why they are not, as many again come back while their former sockets seem open, and as many connections are no sockets yet.
        var all = maxConnections + Math.Max(100, maxConnections / 4L) + (2L * maxConnections) + Others;
        return files < (long)maxConnections + Others
            ? Finding.Wrong($"Files: {files} may be open, too few for Limits:MaxConnections of {maxConnections}. Raise the limit (ulimit -n, LimitNOFILE) "
                + $"to {all}, or lower MaxConnections.")
            : files < all
            ? Finding.Note($"Files: {files} may be open, enough for {maxConnections} connections, but not for all to come back at once. Better are {all} "
                + $"(ulimit -n, LimitNOFILE).")
            : Finding.Ok($"Files: {files} may be open, enough for {maxConnections} connections.");
    }

    private static Finding Unknown(int maxConnections) =>
        Finding.Note($"Files: this system does not say how many may be open. {maxConnections} connections need as many, and {Others} more (ulimit -n).");
}
