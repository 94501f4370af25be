using System.Diagnostics.CodeAnalysis;

namespace MeshSignal.Protocol;

/// <summary>A user's name: 3 to 20 of <c>A-Z a-z 0-9 _ -</c>. Equality is exact; whether two names may live side by side is decided by <see cref="Key"/>.</summary>
public readonly record struct Username
{
    public const int MinLength = 3;
    public const int MaxLength = 20;

    private static readonly string[] OfTheService = ["system", "server", "admin", "administrator", "moderator", "mod", "root", "meshsignal"];

    // What every object of JavaScript has (ECMA-262 section 20.1.3): a page that keeps peers in one by their names would find something there that is no peer.
    private static readonly string[] OfEveryObject =
    [
        "__proto__", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
        "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__",
    ];

    // By key, so that no look-alike of them passes either.
    private static readonly HashSet<string> ReservedKeys = [.. OfTheService.Concat(OfEveryObject).Select(KeyOf)];

    private Username(string value)
    {
        Value = value;
        Key = KeyOf(value);
    }

    public string Value { get; }

    /// <summary>What two names have in common that a reader could take for one another: case and the characters <c>0O 1lI -_</c> do not count.</summary>
    public string Key { get; }

    /// <summary>Names that would let a user speak as the service, or that clients could stumble over.</summary>
    public bool IsReserved => ReservedKeys.Contains(Key);

    /// <summary>Longer names are cut to <see cref="MaxLength"/> before they are judged, as js-chat-server clients expect.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Username username)
    {
        var cut = text is { Length: > MaxLength } ? text[..MaxLength] : text;
        var valid = cut is { Length: >= MinLength } && WireCharacters.IsName(cut);
        username = valid ? new Username(cut!) : default;
        return valid;
    }

    public override string ToString() => Value;

    private static string KeyOf(string name) => string.Create(name.Length, name, static (key, name) =>
    {
        for (var i = 0; i < name.Length; i++)
            key[i] = char.ToLowerInvariant(name[i]) switch { '0' => 'o', '1' or 'i' => 'l', '-' => '_', var other => other };
    });
}
