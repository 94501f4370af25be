using System.Security.Cryptography;
using MeshSignal.Protocol;
using MeshSignal.Server.Policy;

namespace MeshSignal.Server.Moderation;

/// <summary>Who is not let in, by one or more marks, each of which is enough.</summary>
internal sealed record Ban
{
    /// <summary>What it is called in the log, in the file and by the admin API: 16 lower-case hex digits.</summary>
    public string Id { get; init; } = RandomNumberGenerator.GetHexString(BanText.IdLength, lowercase: true);

    /// <summary>As in <see cref="Authentication.Identity.Subject"/>.</summary>
    public string? Subject { get; init; }

    /// <summary>Look-alikes are meant too: see <see cref="Username.Key"/>.</summary>
    public Username? Name { get; init; }

    public ClientAddress? Address { get; init; }

    /// <summary>The name that one banned by subject had then, for people to find the ban by. It keeps nobody out.</summary>
    public Username? KnownAs { get; init; }

    /// <summary>The name of whoever made it.</summary>
    public required string By { get; init; }

    /// <summary>
    /// Made over the admin API, and only to be taken back there. The name says so, and no field of its own: lists that were written before have it, too. A moderator who was given this
    /// reserved name in a token makes bans that are as firm.
    /// </summary>
    public bool IsOperators => By == Authority.Operator.Name;

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public string? Reason { get; init; }

    public bool IsOver(DateTimeOffset now) => ExpiresAt <= now;

    public bool Outlasts(Ban other) => ExpiresAt is null || ExpiresAt > other.ExpiresAt;

    public bool Concerns(string? subject, Username name, ClientAddress? address) =>
        (Subject is not null && Subject == subject) || Name?.Key == name.Key || (Address is not null && Address == address);

    /// <summary>Whether people would call it a ban of that name.</summary>
    public bool IsOf(Username name) => Name?.Key == name.Key || KnownAs?.Key == name.Key;

    /// <summary>Not the subject, which may be somebody's address, nor the network address.</summary>
    public override string ToString() => Id;
}
