using System.Text.Json.Serialization;
using MeshSignal.Protocol;
using MeshSignal.Server.Moderation;

namespace MeshSignal.Server.Http;

// What the admin API says and reads. No address and no token of anybody is in what it says of rooms.

internal sealed record AdminRoomList(IReadOnlyList<AdminRoomSummary> Rooms);

internal sealed record AdminRoomSummary(string Room, int Peers, bool ForceRelay);

/// <param name="Changed">Whether a request to change something has done so; null if there was none.</param>
internal sealed record AdminRoom(string Room, bool ForceRelay, IReadOnlyList<AdminPeer> Peers, bool? Changed = null);

/// <summary>What is to hold in a room from now on.</summary>
internal sealed record AdminRoomChange(bool? ForceRelay = null);

/// <param name="Since">When its stay began; RFC 3339, UTC.</param>
internal sealed record AdminPeer(string Username, string PeerId, Profile Profile, PeerStatus Status, MediaTypes MediaTypes, string Since);

internal sealed record AdminBanList(IReadOnlyList<BanEntry> Bans);

/// <summary>Whom to ban, by one mark or more, and for how long: for ever if that is not said.</summary>
internal sealed record AdminBanRequest(
    string? Subject = null, string? Name = null, string? Address = null, string? ExpiresAt = null, int? Minutes = null, string? Reason = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    MaxDepth = 8)]
[JsonSerializable(typeof(AdminRoomList))]
[JsonSerializable(typeof(AdminRoom))]
[JsonSerializable(typeof(AdminBanList))]
[JsonSerializable(typeof(AdminBanRequest))]
[JsonSerializable(typeof(AdminRoomChange))]
internal sealed partial class AdminJsonContext : JsonSerializerContext;
