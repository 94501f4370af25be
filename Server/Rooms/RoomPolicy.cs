using System.IO.Enumeration;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Rooms;

/// <summary>What the operator has set for one room. Taken when the room comes into being; nothing a client says changes it, only the operator himself, until the room empties.</summary>
/// <param name="ForceRelay">All are under the relay policy; without it only those whose identity says so.</param>
/// <param name="Media">What peers may send, as far as their identities allow it. Audio always.</param>
/// <param name="MaxParticipants">How many peers fit.</param>
internal sealed record RoomPolicy(bool ForceRelay, MediaTypes Media, int MaxParticipants)
{
    private const string WildCards = "*?";

    /// <summary>The first pattern that matches decides; what it does not say is as for the server.</summary>
    public static RoomPolicy For(RoomName name, CallOptions options)
    {
        var room = options.Rooms.Find(room => Matches(room.Pattern, name));
        var video = room?.AllowVideo ?? options.AllowVideo ? MediaTypes.Video : MediaTypes.None;
        var screen = room?.AllowScreenShare ?? options.AllowScreenShare ? MediaTypes.Screen : MediaTypes.None;
        return new RoomPolicy(room?.ForceRelay ?? options.ForceRelay, MediaTypes.Audio | video | screen, room?.MaxParticipants ?? options.MaxParticipants);
    }

    /// <summary>Case matters, as in the names themselves.</summary>
    public static bool Matches(string pattern, RoomName name) => FileSystemName.MatchesSimpleExpression(pattern, name.Value, ignoreCase: false);

    /// <summary>Something that could match a room's name.</summary>
    public static bool IsPattern(string text) =>
        RoomName.TryParse(string.Concat(text.Select(static character => WildCards.Contains(character, StringComparison.Ordinal) ? '_' : character)), out _);
}
