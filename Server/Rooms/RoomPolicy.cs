using System.IO.Enumeration;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Rooms;

/// <summary>What the operator has set for one room. Taken when the room comes into being; nothing a client says changes it.</summary>
internal sealed record RoomPolicy(bool ForceRelay)
{
    private const string WildCards = "*?";

    /// <summary>The first pattern that matches decides.</summary>
    public static RoomPolicy For(RoomName name, CallOptions options)
    {
        var room = options.Rooms.Find(room => Matches(room.Pattern, name));
        return new RoomPolicy(room?.ForceRelay ?? options.ForceRelay);
    }

    /// <summary>Case matters, as in the names themselves.</summary>
    public static bool Matches(string pattern, RoomName name) => FileSystemName.MatchesSimpleExpression(pattern, name.Value, ignoreCase: false);

    /// <summary>Something that could match a room's name.</summary>
    public static bool IsPattern(string text) =>
        RoomName.TryParse(string.Concat(text.Select(static character => WildCards.Contains(character, StringComparison.Ordinal) ? '_' : character)), out _);
}
