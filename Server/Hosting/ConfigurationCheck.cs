using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;
using Serilog.Debugging;

namespace MeshSignal.Server.Hosting;

/// <summary>Finds everything that is wrong with the configuration at once, so that an operator mends it in one go.</summary>
internal static class ConfigurationCheck
{
    /// <summary>One sentence an error; empty if the server can start.</summary>
    public static IReadOnlyList<string> Errors(IConfiguration configuration)
    {
        var errors = new List<string>();
        var section = configuration.GetSection(MeshSignalOptions.Section);
        var unusable = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        CheckKeys(section, typeof(MeshSignalOptions), errors, unusable);
        errors.AddRange(CheckValues(section, unusable));
        errors.AddRange(CheckProtocols(configuration));
        errors.AddRange(CheckForwarding(configuration));
        errors.AddRange(CheckLog(configuration));
        return errors;
    }

    private static void CheckKeys(IConfigurationSection section, Type type, List<string> errors, HashSet<string> unusable)
    {
        if (!string.IsNullOrEmpty(section.Value))
            errors.Add($"{section.Path} must hold keys, and it is one value."); // Which could be a secret in the wrong place.

        foreach (var child in section.GetChildren())
        {
            var property = type.GetProperty(child.Key, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase);
            if (property is null)
                errors.Add($"{child.Path} is not a known key.");
            else if (property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(List<>))
                CheckList(child, property.PropertyType.GenericTypeArguments[0], errors, unusable);
            else
                CheckValue(child, property.PropertyType, errors, unusable);
        }
    }

    /// <summary>Its members are numbered: <c>TurnUrls:0</c>, <c>TurnUrls:1</c>.</summary>
    private static void CheckList(IConfigurationSection list, Type member, List<string> errors, HashSet<string> unusable)
    {
        if (!string.IsNullOrEmpty(list.Value))
            errors.Add($"{list.Path} must be a list ({list.Path}:0, {list.Path}:1, …), and it is one value.");

        foreach (var child in list.GetChildren())
            if (int.TryParse(child.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                CheckValue(child, member, errors, unusable);
            else
                errors.Add($"{child.Path} is not a known key: the members of a list are numbered.");
    }

    private static void CheckValue(IConfigurationSection value, Type type, List<string> errors, HashSet<string> unusable)
    {
        if (type.Assembly == typeof(MeshSignalOptions).Assembly && !type.IsEnum)
        {
            CheckKeys(value, type, errors, unusable);
        }
        else if (!CanConvert(value, Nullable.GetUnderlyingType(type) ?? type))
        {
            errors.Add($"{value.Path} must be {Expected(Nullable.GetUnderlyingType(type) ?? type)}, and '{value.Value}' is not.");
            unusable.Add(value.Path);
        }
    }

    /// <summary>Ranges and contradictions, over the keys that could be read.</summary>
    private static IEnumerable<string> CheckValues(IConfigurationSection section, HashSet<string> unusable)
    {
        var readable = section.AsEnumerable().Where(pair => pair.Value is not null && !unusable.Contains(pair.Key));
        var options = new MeshSignalOptions();
        new ConfigurationBuilder().AddInMemoryCollection(readable).Build().GetSection(MeshSignalOptions.Section).Bind(options);
        return Failures(new MeshSignalOptionsRanges()).Concat(Failures(new MeshSignalOptionsContradictions()));

        IEnumerable<string> Failures(IValidateOptions<MeshSignalOptions> validator) => validator.Validate(null, options).Failures ?? [];
    }

    /// <summary>Over HTTP/2 a WebSocket is an extended CONNECT (RFC 8441), which would pass the frame guard by.</summary>
    private static IEnumerable<string> CheckProtocols(IConfiguration configuration) =>
        configuration.GetSection("Kestrel:Endpoints").GetChildren().Append(configuration.GetSection("Kestrel:EndpointDefaults"))
            .Where(endpoint => endpoint["Protocols"] is { } protocols && !protocols.Equals("Http1", StringComparison.OrdinalIgnoreCase))
            .Select(endpoint => $"{endpoint.Path}:Protocols must be Http1: WebSockets are served over HTTP/1.1 only.");

    /// <summary>ASP.NET Core's own switch believes everybody, before we see the request.</summary>
    private static IEnumerable<string> CheckForwarding(IConfiguration configuration) =>
        string.Equals(configuration["ForwardedHeaders_Enabled"], "true", StringComparison.OrdinalIgnoreCase)
            ? ["ForwardedHeaders_Enabled (ASPNETCORE_FORWARDEDHEADERS_ENABLED) would let anybody say where he comes from: leave it out, and name your proxies in MeshSignal:Limits:TrustedProxies."]
            : [];

    private static IEnumerable<string> CheckLog(IConfiguration configuration)
    {
        // Where Serilog does not know a sink it says so there, and goes on without.
        var ignored = new List<string>();
        SelfLog.Enable(ignored.Add);
        try
        {
            Logging.Read(configuration);
            return [.. ignored.Select(static text => $"Serilog: {text}")];
        }
#pragma warning disable CA1031 // Whatever it throws is what is wrong with the section.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return [$"Serilog: {e.Message}"];
        }
        finally
        {
            SelfLog.Disable();
        }
    }

    private static bool CanConvert(IConfigurationSection value, Type type)
    {
        if (value.Value is null)
            return false;

        // As the binder does it; type converters take more, such as hexadecimal numbers. A duration without a colon would be taken for days.
        var text = value.Value;
        return type == typeof(int) ? int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out _)
            : type == typeof(bool) ? bool.TryParse(text, out _)
            : type.IsEnum ? Enum.GetNames(type).Contains(text, StringComparer.OrdinalIgnoreCase)
            : type != typeof(TimeSpan) || (text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out _));
    }

    private static string Expected(Type type) =>
        type.IsEnum ? string.Join(" or ", Enum.GetNames(type))
            : type == typeof(TimeSpan) ? "a duration such as 00:00:30" : type == typeof(bool) ? "true or false" : type == typeof(int) ? "a whole number" : "a text";
}
