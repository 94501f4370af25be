using System.Diagnostics.CodeAnalysis;

namespace MeshSignal.Protocol;

/// <summary>The name of a room and of a connection's scope: 1 to 64 of <c>A-Z a-z 0-9 _ -</c>, case-sensitive.</summary>
public readonly record struct RoomName
{
    public const int MaxLength = 64;

    /// <summary>Where those are who name no room.</summary>
    public static readonly RoomName Lobby = new("lobby");

    private RoomName(string value) => Value = value;

    public string Value { get; }

    public static bool TryParse([NotNullWhen(true)] string? text, out RoomName room)
    {
        var valid = text is { Length: >= 1 and <= MaxLength } && WireCharacters.IsName(text);
        room = valid ? new RoomName(text!) : default;
        return valid;
    }

    public override string ToString() => Value;
}
