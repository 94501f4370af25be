using System.ComponentModel.DataAnnotations;

namespace MeshSignal.Server.Hosting;

/// <summary>Who may connect as whom, shown by tokens that the operator's own system signs: see <see cref="Authentication.JoinTokens"/>.</summary>
internal sealed class AuthenticationOptions
{
    /// <summary>Without a token nobody gets in. Otherwise who brings none is somebody who has proven nothing.</summary>
    public bool Required { get; set; }

    /// <summary>How long a socket may take to show a token, if one is required.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What <c>iss</c> must be; empty if it does not matter.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>What must be in <c>aud</c>; empty if tokens for nobody in particular are meant, and only these.</summary>
    public string Audience { get; set; } = "";

    /// <summary>Several while one takes the place of another, or where several systems sign that mean the same people by their <c>sub</c>.</summary>
    public List<TokenKeyOptions> Keys { get; set; } = [];

    /// <summary>The cookie that a token may come in (RFC 6265 section 4.1.1); empty for none.</summary>
    public string CookieName { get; set; } = "";
}

/// <summary>What the signatures of tokens are checked with.</summary>
internal sealed class TokenKeyOptions
{
    /// <summary>Tokens name it as <c>kid</c>. May be empty if there is but one.</summary>
    public string Id { get; set; } = "";

    /// <summary>The only one that counts with this key, whatever a token says: HS256, RS256 or ES256 (RFC 7518 section 3.1).</summary>
    public string Algorithm { get; set; } = "";

    /// <summary>For HS256: its bytes as UTF-8. Whoever has it can sign, too.</summary>
    public string Secret { get; set; } = "";

    /// <summary>For RS256 and ES256: a PEM file with a public key (RFC 7468 section 13).</summary>
    public string PublicKeyFile { get; set; } = "";
}
