using System.Text.Json.Serialization;
using MeshSignal.Protocol;
using MeshSignal.Server.Policy;

namespace MeshSignal.Server.Moderation;

/// <summary>The file of bans.</summary>
internal sealed record BanDocument(int Version, IReadOnlyList<BanEntry> Bans)
{
    public const int CurrentVersion = 1;
}

/// <summary>A ban as it is written, in the file and by the admin API. Times are RFC 3339 in UTC.</summary>
internal sealed record BanEntry(
    string Id, string CreatedAt, string By, string? Subject = null, string? Name = null, string? KnownAs = null, string? Address = null, string? ExpiresAt = null, string? Reason = null)
{
    public static BanEntry Of(Ban ban) => new(
        ban.Id, BanText.Format(ban.CreatedAt), ban.By, ban.Subject, ban.Name?.Value, ban.KnownAs?.Value, ban.Address?.ToString(),
        ban.ExpiresAt is { } at ? BanText.Format(at) : null, ban.Reason);

    /// <summary>Null if something in it cannot be.</summary>
    public Ban? ToBan()
    {
        var (createdAt, expiresAt) = (default(DateTimeOffset), default(DateTimeOffset));
        var (name, knownAs, address) = (default(Username), default(Username), default(ClientAddress));
        var isValid = BanText.IsId(Id)
            && BanText.TryParseTime(CreatedAt, out createdAt)
            && (ExpiresAt is null || BanText.TryParseTime(ExpiresAt, out expiresAt))
            && (Subject is null || BanText.IsSubject(Subject))
            && IsName(Name, out name) && IsName(KnownAs, out knownAs)
            && (Address is null || BanText.TryParseAddress(Address, out address))
            && (Reason is null || BanText.IsReason(Reason))
            && (Subject ?? Name ?? Address) is not null;
        return !isValid ? null : new Ban
        {
            Id = Id,
            CreatedAt = createdAt,
            By = By,
            Subject = Subject,
            Name = Name is null ? null : name,
            KnownAs = KnownAs is null ? null : knownAs,
            Address = Address is null ? null : address,
            ExpiresAt = ExpiresAt is null ? null : expiresAt,
            Reason = Reason,
        };
    }

    private static bool IsName(string? text, out Username name)
    {
        name = default;
        return text is null || (text.Length <= Username.MaxLength && Username.TryParse(text, out name));
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    MaxDepth = 8)]
[JsonSerializable(typeof(BanDocument))]
internal sealed partial class BanJsonContext : JsonSerializerContext;
