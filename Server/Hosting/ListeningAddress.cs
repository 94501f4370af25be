using System.Net;

namespace MeshSignal.Server.Hosting;

/// <summary>Where the server listens, or would.</summary>
/// <param name="Url">As it was set.</param>
/// <param name="EndPoint">Its section in the settings; null if it is an address alone.</param>
internal sealed record ListeningAddress(string Url, BindingAddress Address, IConfigurationSection? EndPoint = null)
{
    private const string Endpoints = "Kestrel:Endpoints";

    public bool IsSecure => Address.Scheme == Uri.UriSchemeHttps;

    public bool IsUnixSocket => Address.IsUnixPipe;

    /// <summary>Only this machine gets there.</summary>
    public bool IsLocal => IsUnixSocket || Array.TrueForAll(Addresses, IPAddress.IsLoopback);

    /// <summary>As Kestrel understands the host: a name other than <c>localhost</c> stands for all addresses there are.</summary>
    public IPAddress[] Addresses => Address.Host switch
    {
        _ when IsUnixSocket => [],
        "localhost" => [IPAddress.Loopback, IPAddress.IPv6Loopback],
        var host when IPAddress.TryParse(host.Trim('[', ']'), out var address) => [address],
        _ => [IPAddress.IPv6Any],
    };

    /// <summary>All of them, in the order in which Kestrel looks for them: its own section counts before <c>urls</c>, and that before ports alone.</summary>
    /// <param name="problems">What would end the start.</param>
    public static IReadOnlyList<ListeningAddress> Read(IConfiguration configuration, List<string> problems)
    {
        var addresses = new List<ListeningAddress>();
        var endpoints = configuration.GetSection(Endpoints).GetChildren().ToArray();
        foreach (var endpoint in endpoints)
            Add(endpoint["Url"], endpoint, endpoint.Path);
        if (endpoints.Length > 0)
            return addresses;

        var urls = Split(configuration["urls"]);
        if (urls.Length == 0)
            urls = [.. Ports("http"), .. Ports("https")];
        foreach (var url in urls)
            Add(url, null, "urls");
        return addresses;

        IEnumerable<string> Ports(string scheme) => Split(configuration[$"{scheme}_ports"]).Select(port => $"{scheme}://*:{port}");

        void Add(string? url, IConfigurationSection? endpoint, string path)
        {
            if (TryParse(url) is { } address)
                addresses.Add(new ListeningAddress(url!, address, endpoint));
            else
                problems.Add($"{path}: '{url}' is no address to listen on, such as http://127.0.0.1:3000.");
        }
    }

    private static string[] Split(string? list) => (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static BindingAddress? TryParse(string? url)
    {
        try
        {
            return BindingAddress.Parse(url ?? "") is { Scheme: "http" or "https" } address ? address : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
