namespace MeshSignal.Server.Hosting;

/// <summary>The one line that says where the server listens and what to open; and what of the settings an operator should think about twice.</summary>
internal static partial class StartupLine
{
    public static void Register(WebApplication app)
    {
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            LogListening(app.Logger, string.Join(", ", app.Urls), PageUrl(app.Urls));
            if (app.Services.GetRequiredService<IceOptions>().TrustRelayCandidateType)
                LogTrust(app.Logger);
            WarnOfCleartext(app.Logger, app.Services.GetRequiredService<MeshSignalOptions>(), app.Urls);
        });
    }

    /// <summary>Behind proxies that are named all is as it should be, as far as it can be seen from here.</summary>
    private static void WarnOfCleartext(ILogger logger, MeshSignalOptions options, IEnumerable<string> listening)
    {
        var all = listening.Select(static url => new ListeningAddress(url, BindingAddress.Parse(url)));
        var addresses = string.Join(", ", all.Where(static address => !address.IsLocal && !address.IsSecure).Select(static address => address.Url));
        if (addresses.Length == 0)
            return;
        if (options.AllowCleartext)
            LogCleartext(logger, addresses);
        else if (options.Limits.TrustedProxies.Count == 0)
            LogNoTls(logger, addresses);
    }

    /// <summary>An address that a browser on this machine can open; "localhost" also gets camera and microphone without TLS.</summary>
    private static string PageUrl(ICollection<string> listening)
    {
        var address = listening.Select(BindingAddress.Parse).FirstOrDefault(static address => !address.IsUnixPipe && !address.IsNamedPipe);
        if (address is null)
            return "what your proxy serves";

        var isLocal = address.Host is "localhost" or "127.0.0.1" or "[::1]" or "0.0.0.0" or "[::]" or "*" or "+";
        return new UriBuilder(address.Scheme, isLocal ? "localhost" : address.Host, address.Port).ToString();
    }

    [LoggerMessage(LogLevel.Information, "MeshSignal listens on {Addresses}; open {Page}")]
    private static partial void LogListening(ILogger logger, string addresses, string page);

    [LoggerMessage(
        LogLevel.Warning,
        "Ice:TrustRelayCandidateType is on, so Ice:RelayRanges does not limit candidates: in rooms with ForceRelay a client that lies can name any address as a relay's, "
        + "and learns the address of every peer whose browser connects to it directly")]
    private static partial void LogTrust(ILogger logger);

    [LoggerMessage(
        LogLevel.Warning,
        "AllowCleartext is on, and {Addresses} has no TLS: whoever is on the way of a client can read its tokens, or the key of the admin API, and act in its place")]
    private static partial void LogCleartext(ILogger logger, string addresses);

    [LoggerMessage(
        LogLevel.Warning,
        "{Addresses} has no TLS, and no proxy is named in Limits:TrustedProxies: there sockets and the admin API are served to this machine only, and refused to "
        + "others (403)")]
    private static partial void LogNoTls(ILogger logger, string addresses);
}
