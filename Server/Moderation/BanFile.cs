using System.Text.Encodings.Web;
using System.Text.Json;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Moderation;

/// <summary>Where bans outlive the server. Whatever happens during a write, the file holds all of one list: the former, or the new one.</summary>
internal static class BanFile
{
    /// <summary>Beside the file, because only within one file system a rename replaces it in one step. One that a crash has left is not looked at, and replaced by the next write.</summary>
    public const string TemporarySuffix = ".tmp";

    // Names and reasons are read by people.
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What is wrong with the setting, or with what is in the file; null if nothing is, or none is set.</summary>
    public static string? ProblemWith(AdminOptions options) => TryRead(options, out _, out var problem) ? null : problem;

    /// <summary>No file yet is no error: it is made when somebody is banned.</summary>
    public static bool TryRead(AdminOptions options, out IReadOnlyList<Ban> bans, out string? problem)
    {
        (bans, problem) = ([], null);
        var path = options.BansFile;
        if (path.Length == 0)
            return true;

        if (!Path.IsPathFullyQualified(path))
            problem = $"MeshSignal:Admin:BansFile must be an absolute path, and '{path}' is not.";
        else if (!Directory.Exists(Path.GetDirectoryName(path)))
            problem = $"MeshSignal:Admin:BansFile {path} cannot be written: there is no such folder.";
        else if (Path.Exists(path))
            problem = Read(path, out bans);
        return problem is null;
    }

    /// <exception cref="IOException">It could not be written; the former list is still there.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void Write(string path, IEnumerable<Ban> bans)
    {
        var temporary = path + TemporarySuffix;
        File.Delete(temporary); // It would keep its own permissions.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = File.Exists(path) ? File.GetUnixFileMode(path) : UnixFileMode.UserRead | UnixFileMode.UserWrite;

        using (var stream = new FileStream(temporary, options))
        {
            using (var writer = new Utf8JsonWriter(stream, Readable))
                JsonSerializer.Serialize(writer, new BanDocument(BanDocument.CurrentVersion, [.. bans.Select(BanEntry.Of)]), BanJsonContext.Default.BanDocument);
            stream.Write("\n"u8);

            // Before the rename: else after a loss of power the new name could stand for a file that is not there yet.
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static string? Read(string path, out IReadOnlyList<Ban> bans)
    {
        bans = [];
        try
        {
            var document = JsonSerializer.Deserialize(File.ReadAllBytes(path), BanJsonContext.Default.BanDocument);
            if (document?.Version != BanDocument.CurrentVersion)
                return $"MeshSignal:Admin:BansFile {path} is no list of bans of version {BanDocument.CurrentVersion}.";
            return Check(path, document.Bans, out bans);
        }
        catch (JsonException e)
        {
            return $"MeshSignal:Admin:BansFile {path} is no list of bans: line {e.LineNumber + 1} ({e.Path}). Mend it, or move it away to start with an empty list.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return $"MeshSignal:Admin:BansFile cannot be read: {e.Message}";
        }
    }

    private static string? Check(string path, IReadOnlyList<BanEntry> entries, out IReadOnlyList<Ban> bans)
    {
        var (read, ids) = (new List<Ban>(entries.Count), new HashSet<string>(StringComparer.Ordinal));
        bans = read;
        if (entries.Count > BanList.MaxBans)
            return $"MeshSignal:Admin:BansFile {path} holds more than {BanList.MaxBans} bans.";

        foreach (var entry in entries)
        {
            if (entry?.ToBan() is not { } ban || !ids.Add(ban.Id))
                return $"MeshSignal:Admin:BansFile {path}: number {read.Count + 1} of the bans is none. Mend it, or move the file away to start with an empty list.";
            read.Add(ban);
        }

        return null;
    }
}
