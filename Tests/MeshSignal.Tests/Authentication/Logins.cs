using System.Net;
using System.Text;
using System.Text.Json;
using MeshSignal.Protocol;
using MeshSignal.Server.Policy;

namespace MeshSignal.Tests.Authentication;

/// <summary>Servers that know a key, and what their clients bring.</summary>
internal static class Logins
{
    /// <summary>Long after every clock of the tests, in seconds since 1970.</summary>
    private const long Exp = 4_000_000_000;

    /// <summary>For clients that are limited.</summary>
    public static readonly ClientAddress Elsewhere = new(IPAddress.Parse("198.51.100.7"));

    public static readonly (string Key, string Value)[] Key =
        [("MeshSignal:Authentication:Keys:0:Algorithm", "HS256"), ("MeshSignal:Authentication:Keys:0:Secret", Encoding.UTF8.GetString(Tokens.Secret))];

    public static readonly (string Key, string Value)[] Required = [.. Key, ("MeshSignal:Authentication:Required", "true")];

    /// <summary>With an <c>exp</c>, if they have none.</summary>
    public static string Token(string claims) =>
        Tokens.Hs(claims.Contains("\"exp\"", StringComparison.Ordinal) ? claims : $$"""{"exp":{{Exp}},{{claims[1..]}}""");

    public static string Authenticate(string credential, object id) => JsonSerializer.Serialize(new { type = MessageTypes.Authenticate, id, credential });
}
