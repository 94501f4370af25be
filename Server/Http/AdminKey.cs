using System.Security.Cryptography;
using System.Text;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Http;

/// <summary>What proves that a request is the operator's. Only its hash is kept.</summary>
internal sealed class AdminKey(AdminOptions options)
{
    /// <summary>In bytes: as much as a session token is worth, if it is random.</summary>
    public const int MinLength = 32;

    private const string Scheme = "Bearer ";

    private readonly byte[] _hash = SHA256.HashData(Encoding.UTF8.GetBytes(options.Key));

    /// <summary>What is wrong with the setting; null if nothing is, or none is set.</summary>
    public static string? ProblemWith(AdminOptions options) =>
        options.Key.Length == 0 ? null
        : options.Key.Any(static character => character is <= ' ' or > '~') ? "MeshSignal:Admin:Key must be visible ASCII characters without spaces, as a header can bear them."
        : options.Key.Length < MinLength ? $"MeshSignal:Admin:Key is too short: it must have {MinLength} bytes or more, such as 'openssl rand -hex 32' makes."
        : null;

    /// <summary>Whether the request bears it (RFC 6750 section 2.1). How long that takes does not depend on how much of it is right, nor on its length.</summary>
    public bool IsIn(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        return header.Count == 1 && header[0] is { } text && text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(text[Scheme.Length..].Trim(' '))), _hash);
    }
}
