using MeshSignal.Protocol;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Rooms;

namespace MeshSignal.Server.Http;

/// <summary>The rooms of the admin API: who is in a call, and out with somebody.</summary>
internal sealed class AdminRooms(RoomStore rooms, Moderator moderator)
{
    public Task ListAsync(HttpContext context)
    {
        var list = rooms.All.Select(static room => new AdminRoomSummary(room.Name.Value, room.Count, room.ForcesRelay)).OrderBy(static room => room.Room, StringComparer.Ordinal);
        return context.Response.WriteAsJsonAsync(new AdminRoomList([.. list]), AdminJsonContext.Default.AdminRoomList, contentType: null, context.RequestAborted);
    }

    public Task ShowAsync(HttpContext context, string name) => Find(name) is not { } room
        ? NotThereAsync(context)
        : context.Response.WriteAsJsonAsync(
            new AdminRoom(room.Name.Value, room.ForcesRelay, room.Describe(Describe)), AdminJsonContext.Default.AdminRoom, contentType: null, context.RequestAborted);

    public async Task KickAsync(HttpContext context, string name, string username)
    {
        if (Find(name) is not { } room)
            await NotThereAsync(context);
        else if (room.Find(username) is not { } peer || !await moderator.KickAsync(peer.Session, Authority.Operator))
            await Problem.WriteAsync(context, StatusCodes.Status404NotFound, "There is nobody of that name in the room.");
        else
            context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private Room? Find(string name) => RoomName.TryParse(name, out var room) ? rooms.Find(room) : null;

    private static AdminPeer Describe(Peer peer) =>
        new(peer.Username.Value, peer.Id.Value, peer.Session.Profile, peer.Status, peer.MediaTypes, BanText.Format(peer.JoinedAt));

    private static Task NotThereAsync(HttpContext context) => Problem.WriteAsync(context, StatusCodes.Status404NotFound, "Nobody is in a room of that name.");
}
