using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Fuzz;

/// <summary>One input as it stands in a file: messages in their order, or a request and the pieces of bytes behind it.</summary>
internal sealed record FuzzInput(string Name, Profile Profile, IReadOnlyList<string> Messages, FrameSequence? Frames)
{
    public override string ToString() => Name;
}

/// <summary>
/// Inputs worth keeping: what has gone wrong once, and one of each kind. Lines of <c>profile: …</c>, then <c>message: "…"</c>, or <c>head: "…"</c>,
/// <c>eager: …</c>, <c>piece: …</c> in hexadecimal and <c>end: …</c>; <c>#</c> begins a comment. The file's name says what went wrong.
/// </summary>
internal static class Corpus
{
    // Others than quotes and control characters stay readable.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Folder => Path.Combine(FolderOf(), "corpus");

    public static IEnumerable<FuzzInput> All => Directory.EnumerateFiles(Folder, "*.txt").Order(StringComparer.Ordinal).Select(Read);

    public static FuzzInput Read(string file)
    {
        var lines = File.ReadLines(file).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(": ", 2)).ToList();
        string[] All(string key) => [.. lines.Where(line => line[0] == key).Select(line => line[1])];

        var heads = All("head");
        var frames = heads.Length == 0 ? null : new FrameSequence(
            JsonSerializer.Deserialize<string>(heads[0])!,
            [.. All("piece").Select(Convert.FromHexString)],
            Enum.Parse<FrameEnding>(All("end").DefaultIfEmpty(nameof(FrameEnding.Reset)).First()),
            All("eager") is ["true"]);
        return new FuzzInput(
            Path.GetFileNameWithoutExtension(file), Enum.Parse<Profile>(All("profile").First()),
            [.. All("message").Select(line => JsonSerializer.Deserialize<string>(line)!)], frames);
    }

    /// <summary>Keeps an input that went wrong, and gives the file.</summary>
    public static string Save(string folder, FuzzInput input, string fault)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, $"{input.Name}.txt");
        File.WriteAllText(file, Print(input, fault));
        return file;
    }

    /// <summary>As it would stand in a file.</summary>
    public static string Print(FuzzInput input, string fault)
    {
        List<string> lines =
        [
            .. fault.Split('\n').Take(10).Select(line => $"# {line}"), $"profile: {input.Profile}",
            .. input.Messages.Select(text => $"message: {Quoted(text)}"),
        ];
        if (input.Frames is { } frames)
        {
            lines.AddRange([$"head: {Quoted(frames.Head)}", $"eager: {(frames.IsEager ? "true" : "false")}"]);
            lines.AddRange([.. frames.Pieces.Select(piece => $"piece: {Convert.ToHexString(piece)}"), $"end: {frames.End}"]);
        }

        return string.Concat(lines.Select(line => $"{line}\n"));
    }

    private static string Quoted(string text) => JsonSerializer.Serialize(text, Readable);

    private static string FolderOf([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
