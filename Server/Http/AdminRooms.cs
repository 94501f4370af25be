using MeshSignal.Protocol;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Moderation;
using MeshSignal.Server.Rooms;

namespace MeshSignal.Server.Http;

/// <summary>The rooms of the admin API: who is in a call, out with somebody, and whether calls are relayed.</summary>
internal sealed partial class AdminRooms(RoomStore rooms, Moderator moderator, IceRelayPolicy relayPolicy, ILogger<AdminRooms> log)
{
    public Task ListAsync(HttpContext context)
    {
        var list = rooms.All.Select(static room => new AdminRoomSummary(room.Name.Value, room.Count, room.ForcesRelay)).OrderBy(static room => room.Room, StringComparer.Ordinal);
        return context.Response.WriteAsJsonAsync(new AdminRoomList([.. list]), AdminJsonContext.Default.AdminRoomList, contentType: null, context.RequestAborted);
    }

    public Task ShowAsync(HttpContext context, string name) => Find(name) is { } room ? WriteAsync(context, room) : NotThereAsync(context);

    public async Task ChangeAsync(HttpContext context, string name)
    {
        if (await AdminBody.ReadAsync(context, AdminJsonContext.Default.AdminRoomChange, "a room's change") is not { } change)
            return;

        if (change.ForceRelay is not { } isForced)
            await Problem.WriteAsync(context, StatusCodes.Status400BadRequest, "forceRelay is needed: true or false.");
        else if (Find(name) is not { } room)
            await NotThereAsync(context);
        else if (isForced && !relayPolicy.CanRelay)
            await Problem.WriteAsync(context, StatusCodes.Status409Conflict, "There is no TURN server in the settings, or nothing that says where it relays from: no call could connect.");
        else if (room.ForceRelay(isForced) is not { } hasChanged)
            await NotThereAsync(context);
        else
            await AnswerAsync(context, room, isForced, hasChanged);
    }

    public async Task KickAsync(HttpContext context, string name, string username)
    {
        if (Find(name) is not { } room)
            await NotThereAsync(context);
        else if (room.Find(username) is not { } peer || !await moderator.KickAsync(peer.Session, Authority.Operator))
            await Problem.WriteAsync(context, StatusCodes.Status404NotFound, "There is nobody of that name in the room.");
        else
            context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private Task AnswerAsync(HttpContext context, Room room, bool isForced, bool hasChanged)
    {
        if (hasChanged)
            LogChanged(room.Name, isForced ? "forced" : "forced no more", Authority.Operator);
        return WriteAsync(context, room, hasChanged);
    }

    private static Task WriteAsync(HttpContext context, Room room, bool? hasChanged = null) => context.Response.WriteAsJsonAsync(
        new AdminRoom(room.Name.Value, room.ForcesRelay, room.Describe(Describe), hasChanged), AdminJsonContext.Default.AdminRoom, contentType: null, context.RequestAborted);

    private Room? Find(string name) => RoomName.TryParse(name, out var room) ? rooms.Find(room) : null;

    private static AdminPeer Describe(Peer peer) =>
        new(peer.Username.Value, peer.Id.Value, peer.Session.Profile, peer.Status, peer.MediaTypes, BanText.Format(peer.JoinedAt));

    private static Task NotThereAsync(HttpContext context) => Problem.WriteAsync(context, StatusCodes.Status404NotFound, "Nobody is in a room of that name.");

    [LoggerMessage(LogLevel.Information, "Room {Room}: relays are {State}, by {By}")]
    private partial void LogChanged(RoomName room, string state, Authority by);
}
