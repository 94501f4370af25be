using System.Globalization;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Transport.Kestrel;
using Microsoft.AspNetCore.Http.Features;

namespace MeshSignal.Server.Http;

/// <summary>What an operator may see and do over HTTP: everything below <c>/admin</c>, for whoever has the key. Without a key in the settings there is nothing there.</summary>
internal sealed partial class AdminApi(
    AdminOptions options, AdminRooms rooms, AdminBans bans, Entrance entrance, TimeProvider time, ILogger<AdminApi> log)
{
    private const string Realm = "Bearer realm=\"MeshSignal admin\"";

    private readonly AdminKey _key = new(options);

    /// <summary>Its own: whoever guesses join tokens does not shut the operator out.</summary>
    public FailureLimits Failures { get; } = new(time);

    public static void Map(WebApplication app)
    {
        if (app.Services.GetRequiredService<AdminOptions>().Key.Length > 0)
            app.Map("/admin/{**path}", app.Services.GetRequiredService<AdminApi>().HandleAsync);
    }

    private async Task HandleAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";

        // A body that is refused unread ends the connection; without a word its client would take it for one to go on with.
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
            context.Response.Headers.Connection = "close";

        try
        {
            if (await IsAllowedAsync(context))
                await RouteAsync(context);
        }
        catch (BadHttpRequestException e)
        {
            // Its body is too large, comes too slowly, or breaks off.
            await Problem.WriteAsync(context, e.StatusCode);
        }
#pragma warning disable CA1031 // Whatever it is, it is answered like every other problem. A client that has gone needs no answer.
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted)
#pragma warning restore CA1031
        {
            LogFault(e);
            await Problem.WriteAsync(context, StatusCodes.Status500InternalServerError);
        }
    }

    /// <summary>Whether the request may pass; if not, it has been answered. Every request comes through here before anything else of it is looked at.</summary>
    private async ValueTask<bool> IsAllowedAsync(HttpContext context)
    {
        var arrival = entrance.Read(context);
        if (!entrance.HasSafeWay(context, arrival))
        {
            // Whether the key is right is not said: whoever listens on the way would hear it.
            const string detail = $"The admin API is not served without TLS. {CleartextPolicy.Remedy} A key that came so could be read on its way: set another.";
            await Problem.WriteAsync(context, StatusCodes.Status403Forbidden, detail);
            return false;
        }

        var address = entrance.LimitedAddress(arrival);
        if (Failures.IsBlocked(address))
        {
            context.Response.Headers.RetryAfter = ((int)FailureLimits.Window.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            await Problem.WriteAsync(context, StatusCodes.Status429TooManyRequests, "Too many wrong keys came from your address.");
            return false;
        }

        if (_key.IsIn(context.Request))
            return true;

        // Who brings none has guessed none.
        if (context.Request.Headers.Authorization.Count > 0)
            await Task.Delay(Failures.Add(address), time, context.RequestAborted);

        // RFC 6750 section 3: no error code for a request that brings nothing.
        context.Response.Headers.WWWAuthenticate = context.Request.Headers.Authorization.Count == 0 ? Realm : $"{Realm}, error=\"invalid_token\"";
        await Problem.WriteAsync(context, StatusCodes.Status401Unauthorized);
        return false;
    }

    private Task RouteAsync(HttpContext context)
    {
        var path = (context.Request.RouteValues["path"] as string ?? "").Split('/');
        return path switch
        {
            ["rooms"] => AnswerAsync(context, get: () => rooms.ListAsync(context)),
            ["rooms", var room] => AnswerAsync(context, get: () => rooms.ShowAsync(context, room), patch: () => rooms.ChangeAsync(context, room)),
            ["rooms", var room, "peers", var name] => AnswerAsync(context, delete: () => rooms.KickAsync(context, room, name)),
            ["bans"] => AnswerAsync(context, get: () => bans.ListAsync(context), post: () => bans.AddAsync(context)),
            ["bans", var id] => AnswerAsync(context, get: () => bans.ShowAsync(context, id), delete: () => bans.RemoveAsync(context, id)),
            _ => Problem.WriteAsync(context, StatusCodes.Status404NotFound, "There is nothing at this path."),
        };
    }

    private static Task AnswerAsync(HttpContext context, Func<Task>? get = null, Func<Task>? post = null, Func<Task>? patch = null, Func<Task>? delete = null)
    {
        var answer = context.Request.Method switch { "GET" or "HEAD" => get, "POST" => post, "PATCH" => patch, "DELETE" => delete, _ => null };
        if (answer is not null)
            return answer();

        (string Name, Func<Task>? Answer)[] methods = [("GET", get), ("HEAD", get), ("POST", post), ("PATCH", patch), ("DELETE", delete)];
        context.Response.Headers.Allow = string.Join(", ", methods.Where(static method => method.Answer is not null).Select(static method => method.Name));
        return Problem.WriteAsync(context, StatusCodes.Status405MethodNotAllowed);
    }

    [LoggerMessage(LogLevel.Error, "A request to the admin API failed")]
    private partial void LogFault(Exception fault);
}
