using System.Globalization;
using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>Where Kestrel hands over: a request that wants a WebSocket becomes a connection, or gets the status that says why not.</summary>
internal sealed class WebSocketEndpoint(ConnectionHandler connections, Entrance entrance, Readiness readiness, MeshSignalOptions options, TimeProvider time)
{
    private static readonly TimeSpan RestartTime = TimeSpan.FromSeconds(5);

    private readonly SocketOpener _open = Framings.Opener(options.Framing);

    public Task HandleAsync(HttpContext context, RequestDelegate next) => WebSocketUpgrade.IsWanted(context.Request) ? UpgradeAsync(context) : next(context);

    private async Task UpgradeAsync(HttpContext context)
    {
        if (WebSocketUpgrade.Refusal(context) is { } status)
        {
            Refuse(context, status);
            return;
        }

        var profile = WebSocketUpgrade.Negotiate(context.Request);
        var credential = WebSocketUpgrade.Credential(context.Request, profile, options.Authentication.CookieName, out var isCookie);
        var arrival = entrance.Read(context);
        if (arrival.IsContradictory)
        {
            // Else a client could choose to be the proxy, by writing the field that this does not.
            Refuse(context, StatusCodes.Status400BadRequest);
            return;
        }

        if (!entrance.HasSafeWay(context, arrival))
        {
            await RefuseCleartextAsync(context);
            return;
        }

        if (!entrance.IsOpenTo(context, arrival, hasCookieCredential: isCookie))
        {
            Refuse(context, StatusCodes.Status403Forbidden);
            return;
        }

        if (!readiness.IsReady)
        {
            RefuseForNow(context, RestartTime);
            return;
        }

        var former = profile == Profile.V1 ? WebSocketUpgrade.Former(context.Request) : null;
        var address = entrance.LimitedAddress(arrival);
        using var place = entrance.Enter(address, mayResume: former is not null);
        if (place.Verdict == ConnectionVerdict.Flood)
        {
            RefuseForNow(context, place.RetryAfter);
            return;
        }

        // No longer pending: from here on its connection counts as a socket.
        context.Features.Get<ConnectionPlace>()?.Dispose();
        var query = context.Request.Query;
        var request = new ConnectionRequest(profile, query["username"], query["room"], query["chat"], former, address, credential) { Verdict = place.Verdict };
        var headers = new FrameHeaders(options.Limits.MessageBytes, options.Limits.Fragments, time);
        var pipe = await WebSocketUpgrade.AcceptAsync(context, profile);

        // Not context.Abort: that throws once the request is over, and what wants to tear a socket down need not know whether it is.
        var lifetime = context.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        using var socket = _open(pipe, headers, time, lifetime.Abort);
        await connections.RunAsync(socket, request);
    }

    private static void RefuseForNow(HttpContext context, TimeSpan retryAfter)
    {
        context.Response.Headers.RetryAfter = Math.Ceiling(retryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        Refuse(context, StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>With words, for whoever tries it by hand; browsers show pages neither these nor the status.</summary>
    private static async Task RefuseCleartextAsync(HttpContext context)
    {
        Refuse(context, StatusCodes.Status403Forbidden);
        var text = Encoding.ASCII.GetBytes($"WebSockets are not served without TLS. {CleartextPolicy.Remedy}\n");
        (context.Response.ContentType, context.Response.ContentLength) = ("text/plain", text.Length);
        await context.Response.Body.WriteAsync(text, context.RequestAborted);
    }

    private static void Refuse(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        if (status != StatusCodes.Status426UpgradeRequired)
            return;

        // What would be understood: RFC 6455 section 4.4, RFC 9110 section 15.5.22.
        context.Response.Headers.SecWebSocketVersion = "13";
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.Connection = HeaderNames.Upgrade;
    }
}
