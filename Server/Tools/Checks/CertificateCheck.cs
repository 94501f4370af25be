using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Tools.Checks;

/// <summary>The certificates that the server itself would show.</summary>
/// <param name="folder">What paths are relative to: the program's.</param>
internal sealed class CertificateCheck(string folder, TimeProvider time)
{
    /// <summary>Below this a certificate should have been renewed: those for 90 days are at 30.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromDays(21);

    private const string Default = "Kestrel:Certificates:Default";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    public IEnumerable<Finding> Run(IConfiguration configuration, IReadOnlyList<ListeningAddress> listening)
    {
        var sections = new List<IConfigurationSection>();
        foreach (var address in listening.Where(static address => address.IsSecure))
        {
            var used = Own(address.EndPoint).Append(configuration.GetSection(Default)).Where(static section => section.GetChildren().Any()).ToArray();
            sections.AddRange(used);
            if (used.Length == 0)
                yield return Finding.Wrong($"{address.Url}: no certificate. Set "
                    + $"{address.EndPoint?.Path ?? Default}{(address.EndPoint is null ? "" : ":Certificate")}:Path and KeyPath.");
        }

        if (listening.Any(static address => !address.IsSecure) && sections.Count == 0)
            yield return Finding.Note("No TLS here. Browsers give camera and microphone to pages over TLS or of localhost only: for all others a proxy must "
                + "do TLS.");
        foreach (var section in sections.DistinctBy(static section => section.Path, StringComparer.OrdinalIgnoreCase))
            foreach (var finding in Check(section))
                yield return finding;
    }

    /// <summary>An endpoint's own, and those for names that clients ask for.</summary>
    private static IEnumerable<IConfigurationSection> Own(IConfigurationSection? endpoint) => endpoint is null ? []
        : endpoint.GetSection("Sni").GetChildren().Prepend(endpoint).Select(static holder => holder.GetSection("Certificate"));

    private List<Finding> Check(IConfigurationSection section)
    {
        if (string.IsNullOrEmpty(section["Path"]))
            return [Finding.Note($"{section.Path}: in this machine's store, where it is not looked at.")];

        try
        {
            using var certificate = Load(section, out var problem);
            return problem is null ? Judge(section.Path, certificate) : [Finding.Wrong($"{section.Path}: {problem}")];
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return [Finding.Wrong($"{section.Path}: {section["Path"]} cannot be read: {e.Message}")];
        }
    }

    /// <summary>As Kestrel does it: a certificate with its key in a second file, or both in one of the kind PKCS #12.</summary>
    private X509Certificate2 Load(IConfigurationSection section, out string? problem)
    {
        var path = Path.Combine(folder, section["Path"]!);
        problem = null;
        if (string.IsNullOrEmpty(section["KeyPath"]))
        {
            var both = X509Certificate2.GetCertContentType(path) == X509ContentType.Pkcs12
                ? X509CertificateLoader.LoadPkcs12FromFile(path, section["Password"], X509KeyStorageFlags.EphemeralKeySet)
                : X509CertificateLoader.LoadCertificateFromFile(path);
            problem = both.HasPrivateKey ? null : $"{path} has no private key. Set KeyPath.";
            return both;
        }

        var keyPath = Path.Combine(folder, section["KeyPath"]!);
        var certificate = X509CertificateLoader.LoadCertificateFromFile(path);
        try
        {
            var key = File.ReadAllText(keyPath);
            using var whole = section["Password"] is { } password ? X509Certificate2.CreateFromEncryptedPem(certificate.ExportCertificatePem(), key, password)
                : X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            problem = $"{keyPath} is not the private key of {path}, or its Password is another: {e.Message}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = $"{keyPath} cannot be read: {e.Message}";
        }

        return certificate;
    }

    private List<Finding> Judge(string path, X509Certificate2 certificate)
    {
        var (findings, now, names) = (new List<Finding>(), time.GetUtcNow(), Names(certificate));
        var (start, end) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        var text = names.Count == 0 ? "no name" : string.Join(", ", names);
        if (certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(static use => use.EnhancedKeyUsages[ServerAuthentication] is null))
            findings.Add(Finding.Wrong($"{path}: for {text}, but not made for servers."));
        if (names.Count == 0)
            findings.Add(Finding.Wrong($"{path}: it names no host (subjectAltName), so browsers refuse it."));
        if (end <= now)
            findings.Add(Finding.Wrong($"{path}: for {text}, ended on {end.UtcDateTime:yyyy-MM-dd}. Renew it."));
        else if (start > now)
            findings.Add(Finding.Wrong($"{path}: for {text}, begins on {start.UtcDateTime:yyyy-MM-dd HH:mm} UTC only. Is the clock right?"));
        else if (end - now < Soon)
            findings.Add(Finding.Note($"{path}: for {text}, ends on {end.UtcDateTime:yyyy-MM-dd}. Renew it."));
        else if (findings.Count == 0)
            findings.Add(Finding.Ok($"{path}: for {text}, until {end.UtcDateTime:yyyy-MM-dd}."));
        return findings;
    }

    private static List<string> Names(X509Certificate2 certificate) =>
        [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static names => names.EnumerateDnsNames()
            .Concat(names.EnumerateIPAddresses().Select(static (IPAddress address) => address.ToString())))];
}
