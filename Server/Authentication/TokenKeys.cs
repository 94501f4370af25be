using System.Buffers;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Authentication;

/// <summary>All keys that are in force.</summary>
internal sealed class TokenKeys(IReadOnlyList<TokenKey> keys)
{
    private const string Section = "MeshSignal:Authentication";

    // What a cookie's name is made of (RFC 6265 section 4.1.1, RFC 9110 section 5.6.2).
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public IReadOnlyList<TokenKey> All => keys;

    /// <exception cref="InvalidOperationException">A setting is wrong. <see cref="ProblemsWith"/> has said so before.</exception>
    public static TokenKeys From(AuthenticationOptions options)
    {
        var problems = new List<string>();
        var keys = Read(options, problems);
        return problems is [var first, ..] ? throw new InvalidOperationException(first) : new TokenKeys(keys);
    }

    /// <summary>One sentence for each; none ever holds a secret.</summary>
    public static IReadOnlyList<string> ProblemsWith(AuthenticationOptions options)
    {
        var problems = new List<string>();
        Read(options, problems);
        if (options.Keys.Count == 0)
            problems.AddRange(ProblemsWithoutKeys(options));
        if (options.CookieName.AsSpan().ContainsAnyExcept(TokenCharacters))
            problems.Add($"{Section}:CookieName: '{options.CookieName}' is no name for a cookie. It has letters, digits and !#$%&'*+-.^_`|~ only.");
        return problems;
    }

    /// <summary>
    /// The key that a token names; null if there is none. A token that names none can mean only one key, if that is all there is. Keys are never tried one
    /// after the other: then each would vouch for the tokens of all.
    /// </summary>
    public TokenKey? Find(string? id) =>
        keys is [var only] && (id is null || only.Id.Length == 0) ? only : keys.FirstOrDefault(key => key.Id == id);

    private static List<TokenKey> Read(AuthenticationOptions options, List<string> problems)
    {
        var keys = new List<TokenKey>();
        foreach (var key in options.Keys)
            if (TokenKey.Read(key, out var problem) is { } read)
                keys.Add(read);
            else
                problems.Add($"{Section}:Keys: '{key.Id}' {problem}");

        if (options.Keys.Count > 1 && options.Keys.Exists(static key => key.Id.Length == 0))
            problems.Add($"{Section}:Keys: each needs an Id if there are several, because tokens say by it which one they are signed with.");
        foreach (var id in options.Keys.CountBy(static key => key.Id).Where(static count => count.Key.Length > 0 && count.Value > 1))
            problems.Add($"{Section}:Keys: '{id.Key}' is the Id of {id.Value} keys.");
        return keys;
    }

    /// <summary>Somebody who sets these wants tokens to be checked, and would have an open server.</summary>
    private static IEnumerable<string> ProblemsWithoutKeys(AuthenticationOptions options)
    {
        if (options.Required)
            yield return $"{Section}:Required needs Keys. Without one no token is good, and nobody could get in.";

        (string Name, string Value)[] useless =
            [(nameof(options.Issuer), options.Issuer), (nameof(options.Audience), options.Audience), (nameof(options.CookieName), options.CookieName)];
        foreach (var (name, _) in useless.Where(static setting => setting.Value.Length > 0))
            yield return $"{Section}:{name} is set and Keys are not, so nothing would be checked.";
    }
}
