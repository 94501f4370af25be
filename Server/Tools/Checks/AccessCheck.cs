using MeshSignal.Server.Authentication;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;

namespace MeshSignal.Server.Tools.Checks;

/// <summary>In plain words: from where the server could be reached, and who would get in.</summary>
internal sealed class AccessCheck(MeshSignalOptions options, IReadOnlyList<ListeningAddress> listening)
{
    private readonly string _proxies = string.Join(", ", options.Limits.TrustedProxies);

    private bool HasProxies => options.Limits.TrustedProxies.Count > 0;

    /// <summary>From this machine alone; behind a proxy it is from wherever that is reached.</summary>
    private bool IsLocal => !HasProxies && listening.All(static address => address.IsLocal);

    private bool IsInTheClear => options.AllowCleartext && listening.Any(static address => !address.IsLocal && !address.IsSecure);

    public IEnumerable<Finding> Run() =>
        [.. listening.Select(Where), Proxies(), Pages(), .. PlainOrigins(), Programs(), People(), .. Keys(), Admin(), .. Bans(), .. DryRun()];

    private Finding Where(ListeningAddress address) => address switch
    {
        { IsLocal: true } => Finding.Ok($"{address.Url}: reached from this machine only."),
        { IsSecure: true } => Finding.Ok($"{address.Url}: reached from elsewhere, with TLS."),
        _ when options.AllowCleartext => Finding.Note($"{address.Url}: reached from elsewhere without TLS, and AllowCleartext lets clients connect so. "
            + $"Whoever is on the way can read their tokens."),
        _ when HasProxies => Finding.Ok($"{address.Url}: reached from elsewhere without TLS. Only who comes by your proxies can connect, if they send "
            + $"X-Forwarded-Proto: https. Let nobody else get there (firewall): {_proxies}."),
        _ => Finding.Note($"{address.Url}: reached from elsewhere without TLS, and no proxy is named in Limits:TrustedProxies. Nobody can connect from there "
            + $"(403). Put a proxy with TLS in front, and listen for that alone."),
    };

    private Finding Proxies() => Finding.Ok(HasProxies ? $"Believed about where a client is: {_proxies}."
        : "No proxy is believed about where a client is (Limits:TrustedProxies). Behind one, all clients would count as one.");

    private Finding Pages()
    {
        var names = options.Hosts.Concat(options.Origins).ToArray();
        return Finding.Ok($"Pages that may connect: this server's own by localhost or address{string.Concat(names.Select(static name => $", {name}"))}.");
    }

    private IEnumerable<Finding> PlainOrigins() =>
        from text in options.Origins
        where WebOrigin.TryParse(text, out var origin) && origin is { Scheme: "http", IsLoopback: false }
        select Finding.Note($"{text} in Origins is without TLS: whoever is between that page and its reader can change it, and connect as him. Serve it "
            + $"over https.");

    /// <summary>A cookie counts only with an origin, whatever this setting is.</summary>
    private Finding Programs() => Finding.Ok(!options.AllowMissingOrigin ? "Programs other than browsers, which say no Origin, may not connect."
        : "Programs other than browsers, which say no Origin, may connect"
            + (options.Authentication.CookieName.Length > 0 ? $", but not with the cookie {options.Authentication.CookieName}." : "."));

    private Finding People()
    {
        var authentication = options.Authentication;
        if (authentication.Required)
            return Finding.Ok("Who has a join token may connect, and nobody else.");

        var text = authentication.Keys.Count > 0 ? "Who has a join token may connect, and so may anybody else, under any free name."
            : "Anybody who gets here may connect, under any free name.";
        return IsLocal ? Finding.Ok(text) : Finding.Note($"{text} To end that: Authentication:Keys and Authentication:Required.");
    }

    private IEnumerable<Finding> Keys()
    {
        var keys = TokenKeys.From(options.Authentication).All;
        if (keys.Count > 0)
            yield return Finding.Ok($"Join keys: "
                + $"{string.Join(", ", keys.Select(static key => $"{(key.Id.Length == 0 ? "one without an Id" : key.Id)} ({key.Algorithm})"))}.");
    }

    private Finding Admin()
    {
        if (options.Admin.Key.Length == 0)
            return Finding.Ok("The admin API (/admin) is off: there is no Admin:Key.");
        return IsInTheClear ? Finding.Note("The admin API (/admin) is on, and its key would cross the network without TLS.")
            : Finding.Ok("The admin API (/admin) is on, for who has its key.");
    }

    private IEnumerable<Finding> Bans()
    {
        if (options.Admin.BansFile.Length > 0)
            yield return Finding.Ok($"Bans are kept in {options.Admin.BansFile}.");
        else if (options.Admin.Key.Length > 0 || options.Authentication.Keys.Count > 0)
            yield return Finding.Note("Bans end with the server. To keep them: Admin:BansFile.");
    }

    private IEnumerable<Finding> DryRun() =>
        options.Limits.DryRun ? [Finding.Note("Limits:DryRun is on: who sends too much is counted, and not stopped.")] : [];
}
