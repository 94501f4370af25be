using System.Text.Json.Serialization;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Rooms;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Http;

/// <summary>What js-chat-server clients show about a server before and after they connect. Open to every origin: it tells nothing about anybody.</summary>
internal static class ServerInfo
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (var path in new[] { "/server-info", "/info" })
            endpoints.MapGet(path, (HttpContext context, MeshSignalOptions options, SessionStore sessions, RoomStore rooms) =>
            {
                context.Response.Headers.AccessControlAllowOrigin = "*";
                context.Response.Headers.CacheControl = "no-store";
                return TypedResults.Json(Describe(context, options, sessions.Count, rooms.PeerCount), ServerInfoJsonContext.Default.ServerInfoDocument);
            });
    }

    private static ServerInfoDocument Describe(HttpContext context, MeshSignalOptions options, int sessions, int peers) => new(
        options.Name,
        options.Motd,
        context.Connection.LocalPort,
        Authentication: false,
        options.Chat.MessagesPerSecond,
        (int)options.Chat.NickCooldown.TotalMilliseconds,
        new ConnectionLimitInfo(
            options.Limits.MaxConnections,
            options.Limits.ConnectionsPerAddress,
            options.Limits.NewConnectionsPerAddress,
            (int)ConnectionLimits.Window.TotalMilliseconds),
        new HeartbeatInfo((int)options.Heartbeat.Interval.TotalMilliseconds, (int)options.Heartbeat.Timeout.TotalMilliseconds),
        new CallInfo(options.Calls.Enabled, options.Calls.MaxParticipants, options.Calls.AllowVideo, options.Calls.AllowScreenShare, options.Calls.ForceRelay),
        new CurrentStats(sessions, peers),
        options.Limits.MaxConnections,
        CurrentOnline: sessions);
}

/// <param name="Authentication">Whether accounts, as js-chat-server has them, are offered. They are not.</param>
/// <param name="NickChangeCooldown">In milliseconds.</param>
/// <param name="TotalMaxConnections">Again, because one client looks for it here.</param>
/// <param name="CurrentOnline">Again, likewise.</param>
internal sealed record ServerInfoDocument(
    string ServerName,
    string Motd,
    int Port,
    bool Authentication,
    int MaxMessagesPerSecond,
    int NickChangeCooldown,
    ConnectionLimitInfo ConnectionLimits,
    HeartbeatInfo Heartbeat,
    [property: JsonPropertyName("webrtc")] CallInfo Calls,
    CurrentStats CurrentStats,
    int TotalMaxConnections,
    int CurrentOnline);

internal sealed record ConnectionLimitInfo(
    int TotalMaxConnections, [property: JsonPropertyName("maxConnectionsPerIP")] int MaxConnectionsPerAddress, int MaxConnectionsPerWindow, int ConnectionWindowMs);

/// <summary>In milliseconds.</summary>
internal sealed record HeartbeatInfo(int Interval, int Timeout);

internal sealed record CallInfo(bool Enabled, int MaxParticipants, bool AllowVideo, bool AllowScreenShare, bool ForceRelay);

internal sealed record CurrentStats(int ConnectedUsers, int VoiceParticipants);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ServerInfoDocument))]
internal sealed partial class ServerInfoJsonContext : JsonSerializerContext;
