using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MeshSignal.Server.Authentication;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Tools;

/// <summary>Prints one join token, signed with a secret of the settings: to try a server, or in a script. Who may run it can read the secret, too.</summary>
internal static class TokenTool
{
    /// <returns>What the process ends with: 0, or 2 if the arguments or the settings are wrong.</returns>
    public static async Task<int> RunAsync(string[] args, TimeProvider time, TextWriter output, TextWriter error)
    {
        var (token, problems) = Make(args, time.GetUtcNow());
        foreach (var problem in problems)
            await error.WriteLineAsync(problem);
        if (token is null)
            return 2;

        await output.WriteLineAsync(token);
        return 0;
    }

    private static (string? Token, IReadOnlyList<string> Problems) Make(string[] args, DateTimeOffset now)
    {
        if (TokenArguments.Read(args, out var problem) is not { } wanted)
            return (null, [problem!]);

        var configuration = WebServer.CreateBuilder([.. wanted.Settings]).Configuration;
        var errors = ConfigurationCheck.Errors(configuration);
        if (errors.Count > 0)
            return (null, errors);

        var options = new MeshSignalOptions();
        configuration.GetSection(MeshSignalOptions.Section).Bind(options);
        var keys = TokenKeys.From(options.Authentication);
        if (FindKey(keys, wanted.KeyId, out problem) is not { } key)
            return (null, [problem!]);

        var token = Sign(key, Payload(wanted, options.Authentication, now));

        // What it is for can also be too much of it: 65 rooms, or a subject of a thousand characters.
        return new JoinTokens(keys, options.Authentication).TryVerify(token, now, out _, out var refusal) ? (token, [])
            : (null, [$"The server would not take this token ({refusal})."]);
    }

    private static TokenKey? FindKey(TokenKeys keys, string? id, out string? problem)
    {
        const string Needed = "to sign takes one with the Algorithm HS256.";
        var fitting = keys.All.Where(key => key.Algorithm == TokenKey.Hs256 && (id is null || key.Id == id)).ToArray();
        problem = fitting switch
        {
            [_] => null,
            [_, ..] => $"Several of MeshSignal:Authentication:Keys can sign: say which with --key, such as --key {fitting[0].Id}.",
            _ when keys.All.Count == 0 => "There is nothing to sign with: MeshSignal:Authentication:Keys needs one with the Algorithm HS256 and a Secret.",
            _ when keys.All.Any(key => key.Id == id) =>
                $"'{id}' of MeshSignal:Authentication:Keys is a public key, with which tokens can only be checked; {Needed}",
            _ when id is not null => $"'{id}' is not the Id of one of MeshSignal:Authentication:Keys.",
            _ => $"All of MeshSignal:Authentication:Keys are public, with which tokens can only be checked; {Needed}",
        };
        return problem is null ? fitting[0] : null;
    }

    private static string Sign(TokenKey key, byte[] payload)
    {
        var header = Json(json =>
        {
            json.WriteString("alg", key.Algorithm);
            json.WriteString("typ", "JWT");
            if (key.Id.Length > 0)
                json.WriteString("kid", key.Id);
        });
        var signed = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}";
        return $"{signed}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    private static byte[] Payload(TokenArguments wanted, AuthenticationOptions options, DateTimeOffset now) => Json(json =>
    {
        if (options.Issuer.Length > 0)
            json.WriteString("iss", options.Issuer);
        if (options.Audience.Length > 0)
            json.WriteString("aud", options.Audience);
        json.WriteString("sub", wanted.Subject ?? wanted.Name);
        json.WriteNumber("iat", now.ToUnixTimeSeconds());
        json.WriteNumber("exp", (now + wanted.Ttl).ToUnixTimeSeconds());
        if (wanted.IsOnce)
            json.WriteString("jti", RandomNumberGenerator.GetHexString(32, lowercase: true));
        if (wanted.Name is not null)
            json.WriteString("name", wanted.Name);
        if (wanted.Rooms.Count > 0)
            WriteTexts(json, "rooms", wanted.Rooms);
        if (wanted.Media is not null)
            WriteTexts(json, "media", wanted.Media);
        if (wanted.MustRelay)
            json.WriteBoolean("relay", true);
        if (wanted.IsModerator)
            json.WriteBoolean("moderator", true);
    });

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
