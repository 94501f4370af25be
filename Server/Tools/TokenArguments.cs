using System.Globalization;
using MeshSignal.Protocol;
using MeshSignal.Server.Rooms;

namespace MeshSignal.Server.Tools;

/// <summary>What somebody wants in a token, as the command line says it.</summary>
internal sealed class TokenArguments
{
    private static readonly TimeSpan LongestTtl = TimeSpan.FromDays(365);

    private readonly List<string> _rooms = [];
    private readonly List<string> _settings = [];

    public string? Name { get; private set; }

    public string? Subject { get; private set; }

    /// <summary>Patterns; none for any room.</summary>
    public IReadOnlyList<string> Rooms => _rooms;

    /// <summary>Null for all kinds.</summary>
    public IReadOnlyList<string>? Media { get; private set; }

    public bool MustRelay { get; private set; }

    public bool IsModerator { get; private set; }

    public bool IsOnce { get; private set; }

    public TimeSpan Ttl { get; private set; } = TimeSpan.FromHours(1);

    public string? KeyId { get; private set; }

    /// <summary>The arguments that are settings, as the server takes them.</summary>
    public IReadOnlyList<string> Settings => _settings;

    /// <summary>Null with a sentence that says what is wrong.</summary>
    public static TokenArguments? Read(IReadOnlyList<string> arguments, out string? problem)
    {
        var read = new TokenArguments();
        problem = null;
        for (var i = 0; i < arguments.Count && problem is null; i++)
            if (!read.TakeFlag(arguments[i]))
                problem = read.TakeValue(arguments[i], arguments.ElementAtOrDefault(i + 1), ref i);

        if (problem is null && (read.Subject ?? read.Name) is null)
            problem = "A token says who it is for: --name alice, or --sub with what your own system calls them.";
        return problem is null ? read : null;
    }

    private bool TakeFlag(string argument)
    {
        MustRelay |= argument == "--relay";
        IsModerator |= argument == "--moderator";
        IsOnce |= argument == "--once";

        // A setting with its value in one: --MeshSignal:Authentication:Issuer=me.
        var isSetting = IsSetting(argument) && argument.Contains('=', StringComparison.Ordinal);
        if (isSetting)
            _settings.Add(argument);
        return isSetting || argument is "--relay" or "--moderator" or "--once";
    }

    private string? TakeValue(string argument, string? value, ref int index)
    {
        if (argument is not ("--name" or "--sub" or "--room" or "--media" or "--ttl" or "--key") && !IsSetting(argument))
            return $"'{argument}' is not known here: there are --name, --sub, --room, --media, --relay, --moderator, --ttl, --key, --once, "
                + "and settings such as --MeshSignal:Authentication:Issuer=me.";
        if (value is null or "" || value.StartsWith("--", StringComparison.Ordinal))
            return $"{argument} needs a value.";

        index++;
        switch (argument)
        {
            case "--name" when value.Length > Username.MaxLength || !Username.TryParse(value, out _):
                return $"--name: '{value}' is no user name: it has {Username.MinLength}-{Username.MaxLength} letters, digits, underscores and dashes.";
            case "--name":
                Name = value;
                return null;
            case "--sub":
                Subject = value;
                return null;
            case "--room" when !RoomPolicy.IsPattern(value):
                return $"--room: '{value}' is not a pattern: it has 1-{RoomName.MaxLength} letters, digits, underscores, dashes, * and ?.";
            case "--room":
                _rooms.Add(value);
                return null;
            case "--media":
                Media = value.Split(',', StringSplitOptions.TrimEntries);
                return Media.All(static type => type is "audio" or "video" or "screen") ? null
                    : $"--media: '{value}' is not a list of audio, video and screen such as audio,video.";
            case "--ttl":
                return TakeTtl(value);
            case "--key":
                KeyId = value;
                return null;
            default:
                _settings.AddRange([argument, value]);
                return null;
        }
    }

    /// <summary>A duration without a colon would be taken for days.</summary>
    private string? TakeTtl(string value)
    {
        var isDuration = TimeSpan.TryParse(value, CultureInfo.InvariantCulture, out var ttl) && value.Contains(':', StringComparison.Ordinal);
        Ttl = ttl;
        return isDuration && ttl >= TimeSpan.FromSeconds(1) && ttl <= LongestTtl ? null
            : $"--ttl: '{value}' is not a duration such as 01:00:00, from one second to {LongestTtl.Days} days.";
    }

    private static bool IsSetting(string argument) =>
        argument.StartsWith("--", StringComparison.Ordinal) && argument.Split('=')[0].Contains(':', StringComparison.Ordinal);
}
