using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using MeshSignal.Protocol;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>The opening handshake of RFC 6455 section 4.2. Kestrel has parsed the request; what asks for a WebSocket and may not have one is refused here.</summary>
internal static partial class WebSocketUpgrade
{
    // RFC 6455 section 1.3.
    private const string AcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int KeyBytes = 16;

    /// <summary>Whether the request asks for a WebSocket at all: then it is upgraded or refused, and never served a page.</summary>
    public static bool IsWanted(HttpRequest request) => HasToken(request.Headers.Upgrade, "websocket");

    /// <summary>The status to refuse the request with, or null if it is a valid upgrade.</summary>
    public static int? Refusal(HttpContext context)
    {
        var request = context.Request;
        if (request.Path != "/" && request.Path != "/ws")
            return StatusCodes.Status404NotFound;
        if (!HttpMethods.IsGet(request.Method) || !HttpProtocol.IsHttp11(request.Protocol))
            return StatusCodes.Status400BadRequest; // Kestrel itself would upgrade HTTP/1.0.
        if (request.ContentLength is not null || request.Headers.TransferEncoding.Count > 0)
            return StatusCodes.Status400BadRequest; // An empty body, too: what a proxy takes for one may be our first frame.
        if (!HasToken(request.Headers.Connection, "Upgrade") || !IsKey(request.Headers.SecWebSocketKey))
            return StatusCodes.Status400BadRequest;
        if (request.Headers.SecWebSocketVersion != "13")
            return StatusCodes.Status426UpgradeRequired;
        return context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } ? null : StatusCodes.Status400BadRequest;
    }

    /// <summary>The profile that is agreed on: <c>meshsignal.v1</c> or no subprotocol, whatever else is offered.</summary>
    public static Profile Negotiate(HttpRequest request) =>
        request.Headers.SecWebSocketProtocol.Any(line => HasToken(line, Subprotocols.V1, StringComparison.Ordinal)) ? Profile.V1 : Profile.Legacy;

    /// <summary>
    /// The session that the client has had, from the entry <c>resume.&lt;token&gt;.&lt;count&gt;</c> or <c>release.&lt;token&gt;</c> beside its subprotocol: the one place where a
    /// browser can put a secret that ends in no URL and no log. Such an entry is never selected. Null if there is none, or none that is well formed.
    /// </summary>
    public static FormerSession? Former(HttpRequest request)
    {
        return Entries(request).Select(static entry => FormerEntry().Match(entry)).FirstOrDefault(static match => match.Success) is { } match
            ? new FormerSession(
                match.Groups["token"].Value, match.Groups["count"].Success ? long.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture) : null)
            : null;
    }

    /// <summary>
    /// A join token: from <c>Authorization: Bearer</c>, else from the entry <c>bearer.&lt;JWT&gt;</c> beside a v1 client's subprotocol, else from the cookie that is for it. Never from
    /// the URL, which ends in logs.
    /// </summary>
    /// <param name="isCookie">A cookie is sent by whichever page the user is on, so its page must be known to be one of ours.</param>
    public static string? Credential(HttpRequest request, Profile profile, string cookieName, out bool isCookie)
    {
        const string scheme = "Bearer ";
        isCookie = false;
        if (request.Headers.Authorization is [{ } header] && header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return header[scheme.Length..].Trim(' ');
        if (profile == Profile.V1 && Entries(request).FirstOrDefault(static entry => entry.StartsWith(Subprotocols.BearerPrefix, StringComparison.Ordinal)) is { } entry)
            return entry[Subprotocols.BearerPrefix.Length..];

        isCookie = cookieName.Length > 0 && request.Cookies.ContainsKey(cookieName);
        return isCookie ? request.Cookies[cookieName] : null;
    }

    /// <summary>Answers 101 and gives the pipe on which frames come and go, of the connection itself: nothing else of Kestrel's uses it until the request is over. No extension is ever agreed on, compression least (its memory is the peer's to choose).</summary>
    public static async Task<IDuplexPipe> AcceptAsync(HttpContext context, Profile profile)
    {
        var headers = context.Response.Headers;
        headers.Connection = HeaderNames.Upgrade;
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey.ToString());
        if (profile == Profile.V1)
            headers.SecWebSocketProtocol = Subprotocols.V1;

        var pipe = context.Features.GetRequiredFeature<IConnectionTransportFeature>().Transport;
        await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        Forget(context);
        return pipe;
    }

    [GeneratedRegex(
        $@"^({Subprotocols.ReleasePrefix}(?<token>[0-9a-f]{{64}})|{Subprotocols.ResumePrefix}(?<token>[0-9a-f]{{64}})\.(?<count>[0-9]{{1,10}}))\z",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FormerEntry();

    /// <summary>A socket is open for hours, and Kestrel keeps its request as long, cookies and all: half a KiB of the heap, of which nothing is needed any more.</summary>
    private static void Forget(HttpContext context)
    {
        context.Request.Headers.Clear();
        context.Request.Query = QueryCollection.Empty;
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = "";
    }

    private static IEnumerable<string> Entries(HttpRequest request) =>
        request.Headers.SecWebSocketProtocol.SelectMany(static line => line?.Split(',', StringSplitOptions.TrimEntries) ?? []);

    private static bool IsKey(string? key)
    {
        Span<byte> bytes = stackalloc byte[KeyBytes + 2];
        return key is { Length: 24 } && Convert.TryFromBase64String(key, bytes, out var count) && count == KeyBytes;
    }

    private static string Accept(string key)
    {
#pragma warning disable CA5350 // SHA-1 because RFC 6455 says so; it proves that the server understood the handshake and protects nothing.
        return Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptGuid)));
#pragma warning restore CA5350
    }

    private static bool HasToken(string? header, string token, StringComparison comparison = StringComparison.OrdinalIgnoreCase)
    {
        foreach (var range in header.AsSpan().Split(','))
            if (header.AsSpan(range).Trim().Equals(token, comparison))
                return true;

        return false;
    }
}
