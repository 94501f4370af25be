using System.Diagnostics.Metrics;
using System.Net;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;
using MeshSignal.Server.Sessions;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>Reads from a request where it comes from, and asks the policies about that, as of the connection before it. What they cannot know is seen here: at which addresses the server listens.</summary>
internal sealed partial class Entrance(
    OriginPolicy origins, CleartextPolicy cleartext, TrustedProxies proxies, ConnectionLimits limits, IServer server, MeshSignalOptions options, IMeterFactory meters,
    TimeProvider time, ILogger<Entrance> log)
{
    // Of what a stranger wrote, in characters.
    private const int LongestLogged = 64;

    private readonly Counter<long> _refused = meters.Create("MeshSignal").CreateCounter<long>("meshsignal.connections.refused", "{connection}", "Sockets and connections above a limit");
    private readonly SlidingCount _told = new(1, TimeSpan.FromSeconds(10), time);
    private readonly SlidingCount _toldOfPending = new(1, TimeSpan.FromSeconds(10), time);
    private readonly Lazy<bool> _isLocalServer = new(() => IsLocal(server));
    private int _hasWarnedOfProxy;
    private int _hasWarnedOfOrigin;
    private int _hasWarnedOfCleartext;

    public Arrival Read(HttpContext context)
    {
        var arrival = proxies.Read(PeerOf(context), context.Request.Headers);
        if (arrival.IsForwarded && proxies.AreNone && Interlocked.Exchange(ref _hasWarnedOfProxy, 1) == 0)
            LogUnknownProxy(arrival.Address);
        return arrival;
    }

    /// <summary>Whether nobody on the way can read what the client sends, or the operator does not mind.</summary>
    public bool HasSafeWay(HttpContext context, Arrival arrival)
    {
        if (cleartext.Allows(PeerOf(context), context.Request.IsHttps, arrival))
            return true;

        if (Interlocked.Exchange(ref _hasWarnedOfCleartext, 1) == 0)
            LogFirstInCleartext(arrival.Address, CleartextPolicy.Remedy);
        else
            LogInCleartext(arrival.Address);
        return false;
    }

    /// <summary>Whether the page that opens the socket may do so.</summary>
    public bool IsOpenTo(HttpContext context, Arrival arrival, bool hasCookieCredential)
    {
        var request = context.Request;
        var scheme = arrival.Scheme ?? request.Scheme;
        var host = arrival.Host ?? request.Host.Value;
        
        // A proxy on this machine brings pages from elsewhere, whose own "localhost" is another machine.
        var isLocal = _isLocalServer.Value && !arrival.IsForwarded && arrival.Address.IsLoopback;
        if (origins.Allows(request.Headers.Origin, scheme, host, isLocal, hasCookieCredential))
            return true;

        // What stands there is a stranger's: only what could be read is printed, in our spelling, and not much of it.
        var origin = WebOrigin.TryParse(request.Headers.Origin, out var page) ? page.ToString() : "of no readable origin";
        if (origin.Length > LongestLogged)
            origin = string.Concat(origin.AsSpan(0, LongestLogged), "…");
        if (Interlocked.Exchange(ref _hasWarnedOfOrigin, 1) == 0)
            LogFirstRefused(origin);
        else
            LogRefused(origin);
        return false;
    }

    /// <summary>Under which address a client is limited; null if it is not. A proxy on this machine, of which nobody has told us, brings clients from elsewhere.</summary>
    public ClientAddress? LimitedAddress(Arrival arrival) =>
        options.Limits.ExemptLoopback && arrival.Address.IsLoopback && !arrival.IsForwarded ? null : arrival.Address;

    /// <summary>The same of a connection that has said nothing yet; null also for a proxy of the operator's, whose connections are those of many.</summary>
    public ClientAddress? LimitedAddress(EndPoint? peer)
    {
        var address = (peer as IPEndPoint)?.Address ?? IPAddress.Loopback;
        return proxies.IsTrusted(address) || (options.Limits.ExemptLoopback && IPAddress.IsLoopback(AddressText.Plain(address))) ? null : new ClientAddress(address);
    }

    public ConnectionPlace Enter(ClientAddress? address, bool mayResume)
    {
        var place = limits.Enter(address, mayResume);
        if (place.Finding == ConnectionVerdict.Ok)
            return place;

        _refused.Add(1, KeyValuePair.Create("limit", (object?)place.Finding));
        if (MayTell(_told))
            LogTooMany(place.Finding, address, ModeOf(place));
        return place;
    }

    /// <summary>A connection is there, of an address that is limited.</summary>
    public ConnectionPlace EnterPending(ClientAddress address)
    {
        var place = limits.EnterPending(address);
        if (place.Finding == ConnectionVerdict.Ok)
            return place;

        _refused.Add(1, KeyValuePair.Create("limit", (object?)"Pending"));
        if (MayTell(_toldOfPending))
            LogTooManyPending(address, ModeOf(place));
        return place;
    }

    /// <summary>Over a Unix socket there is no address: somebody on this machine.</summary>
    private static IPAddress PeerOf(HttpContext context) => context.Connection.RemoteIpAddress ?? IPAddress.Loopback;

    private static bool MayTell(SlidingCount told)
    {
        lock (told)
            return told.TryAdd(out _);
    }

    private static string ModeOf(ConnectionPlace place) => place.Verdict == ConnectionVerdict.Ok ? "; limits are only tried" : "";

    private static bool IsLocal(IServer server) =>
        server.Features.Get<IServerAddressesFeature>() is { Addresses: { Count: > 0 } addresses } && addresses.Select(BindingAddress.Parse).All(
            static address => !address.IsUnixPipe && !address.IsNamedPipe && (WebOrigin.TryParse($"http://{address.Host}", out var origin) && origin.IsLoopback));

    [LoggerMessage(
        LogLevel.Warning,
        "A request from {Address} says that it was forwarded, and MeshSignal:Limits:TrustedProxies is empty: if that is your proxy, name it there, else all who come through it are "
        + "limited as if they were one")]
    private partial void LogUnknownProxy(ClientAddress address);

    [LoggerMessage(LogLevel.Information, "More sockets than the limits allow: {Limit}, from {Address}{Mode}. Others within 10 s are not logged")]
    private partial void LogTooMany(ConnectionVerdict limit, ClientAddress? address, string mode);

    [LoggerMessage(LogLevel.Information, "More connections that are no sockets than the limits allow, from {Address}{Mode}. Others within 10 s are not logged")]
    private partial void LogTooManyPending(ClientAddress address, string mode);

    [LoggerMessage(LogLevel.Warning, "A request without TLS was refused, from {Address}. {Remedy} Further ones are logged at level Debug")]
    private partial void LogFirstInCleartext(ClientAddress address, string remedy);

    [LoggerMessage(LogLevel.Debug, "A request without TLS was refused, from {Address}")]
    private partial void LogInCleartext(ClientAddress address);

    [LoggerMessage(LogLevel.Warning, "A page of another origin was refused: {Origin}. If it is yours, name it in MeshSignal:Origins. Further ones are logged at level Debug")]
    private partial void LogFirstRefused(string origin);

    [LoggerMessage(LogLevel.Debug, "A page of another origin was refused: {Origin}")]
    private partial void LogRefused(string origin);
}
