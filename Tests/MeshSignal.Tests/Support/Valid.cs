using MeshSignal.Protocol;

namespace MeshSignal.Tests.Support;

/// <summary>Names and ids of which a test says that they are such.</summary>
internal static class Valid
{
    public static Username Name(string text) => Username.TryParse(text, out var name) ? name : throw new ArgumentException(text, nameof(text));

    public static RoomName Room(string text) => RoomName.TryParse(text, out var room) ? room : throw new ArgumentException(text, nameof(text));

    public static PeerId Stay(string text) => PeerId.TryParse(text, out var stay) ? stay : throw new ArgumentException(text, nameof(text));
}
