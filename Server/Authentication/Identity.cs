using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;

namespace MeshSignal.Server.Authentication;

/// <summary>Who somebody is, as far as it is proven, and what that allows. What is not said is allowed, within what the operator allows to everybody.</summary>
internal sealed record Identity
{
    /// <summary>Somebody who has proven nothing.</summary>
    public static readonly Identity Anonymous = new();

    /// <summary>Whom the operator's own system knows it as (RFC 7519 section 4.1.2); null if nobody.</summary>
    public string? Subject { get; init; }

    /// <summary>The name that it must bear, and may even if it is reserved; null if it may choose.</summary>
    public Username? Name { get; init; }

    /// <summary>Patterns of the rooms that it may enter, as in <see cref="RoomPolicy"/>; null for any.</summary>
    public IReadOnlyList<string>? Rooms { get; init; }

    /// <summary>What it may send.</summary>
    public MediaTypes Media { get; init; } = MediaTypes.Audio | MediaTypes.Video | MediaTypes.Screen;

    /// <summary>No address of its own or of others passes between it and anybody: see <see cref="Ice.IceRelayPolicy"/>.</summary>
    public bool MustRelay { get; init; }

    /// <summary>Whether it may show others out.</summary>
    public bool IsModerator { get; init; }

    /// <summary>What makes its credential good for one session only (RFC 7519 section 4.1.7); null if it is good for many.</summary>
    public string? CredentialId { get; init; }

    /// <summary>Until when it may join a room, other clocks' error allowed for; null for ever.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>A name that it may choose, or that which it was given.</summary>
    public bool MayBear(Username username) => Name is { } own ? own.Key == username.Key : !username.IsReserved;

    /// <summary>The room, if there is but one that it may enter.</summary>
    public RoomName? OnlyRoom => Rooms is [var only] && RoomName.TryParse(only, out var room) ? room : null;

    public bool MayEnter(RoomName room) => Rooms is null || Rooms.Any(pattern => RoomPolicy.Matches(pattern, room));

    /// <summary>Not the subject, which may be somebody's address.</summary>
    public override string ToString() => nameof(Identity);
}
