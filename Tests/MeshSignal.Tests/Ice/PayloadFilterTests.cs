using System.Text;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using MeshSignal.Tests.Protocol;

namespace MeshSignal.Tests.Ice;

/// <summary>What the table of vectors does not say well.</summary>
internal sealed class PayloadFilterTests
{
    private const string Relay = "candidate:1 1 udp 41885439 198.51.100.3 54609 typ relay raddr 0.0.0.0 rport 9";

    private static readonly RelayAddresses Ranges = RelayAddresses.From(new IceOptions { RelayRanges = ["198.51.100.0/28"] });
    private static readonly RelayAddresses AnyRelay = RelayAddresses.From(new IceOptions { TrustRelayCandidateType = true });

    [Test]
    public void A_candidate_that_passes_is_usable_and_one_that_does_not_is_dropped()
    {
        var passed = Filter($$"""{"candidate":"{{Relay}}"}""", PayloadKinds.Candidate).Findings;
        Assert.That((passed.Usable, passed.Dropped, passed.IsEnd, passed.Text), Is.EqualTo((1, 0, false, (string?)null)));
        var dropped = Filter("""{"candidate":"candidate:1 1 udp 1 192.168.1.7 1 typ host"}""", PayloadKinds.Candidate).Findings;
        Assert.That((dropped.Usable, dropped.Dropped, dropped.IsEnd, dropped.Text), Is.EqualTo((0, 1, false, "type")));
    }

    [Test]
    public void An_object_that_is_not_understood_is_refused_and_no_candidate_dropped()
    {
        var findings = Filter("""{"candidate":7}""", PayloadKinds.Candidate).Findings;
        Assert.That((findings.Dropped, findings.Usable, findings.IsEnd, findings.Text), Is.EqualTo((0, 0, false, "malformed")));
    }

    /// <summary>Of two a filter could read one and a browser the other.</summary>
    [TestCase("candidate", "candidate")]
    [TestCase("candidate", @"c\u0061ndidate")]
    [TestCase(@"c\u0061ndidate", "candidate")]
    public void A_candidate_that_is_there_twice_is_refused_whichever_is_which(string first, string second)
    {
        const string Host = "candidate:1 1 udp 1 192.168.1.7 1 typ host";
        Assert.That(Filter($$"""{"{{first}}":"{{Relay}}"}""", PayloadKinds.Candidate).Output, Is.Not.Null);
        foreach (var (one, other) in new[] { (Relay, Host), (Host, Relay), (Relay, Relay) })
            Assert.That(Filter($$"""{"{{first}}":"{{one}}","{{second}}":"{{other}}"}""", PayloadKinds.Candidate).Output, Is.Null);
    }

    [Test]
    public void Where_the_type_is_trusted_sdpMid_is_not()
    {
        var line = Relay.Replace("198.51.100.3", "203.0.113.77", StringComparison.Ordinal);
        Assert.That(Filter($$"""{"candidate":"{{line}}","sdpMid":"0"}""", PayloadKinds.Candidate, AnyRelay).Output, Does.Contain("203.0.113.77"));
        Assert.That(Filter($$"""{"candidate":"{{line}}","sdpMid":"203.0.113.77"}""", PayloadKinds.Candidate, AnyRelay).Output, Is.Null);
    }

    [TestCase(576)]
    [TestCase(577)]
    [TestCase(5000)]
    public void A_line_that_is_too_long_is_dropped_whatever_its_length_and_its_spelling(int length)
    {
        var line = Relay.PadRight(length - 2, 'x').Insert(Relay.Length, " x");
        Assert.That(Filter($"\"{line}\"", PayloadKinds.Candidate).Findings.Text, Is.EqualTo("malformed"));
        Assert.That(Filter($"\"{Escaped(line)}\"", PayloadKinds.Candidate).Findings.Dropped, Is.EqualTo(1));
    }

    [Test]
    public void Escapes_do_not_count_to_the_length()
    {
        var written = Filter($"\"{Escaped(Relay + " generation 0 ufrag Qh7d")}\"", PayloadKinds.Candidate).Output;
        Assert.That(written, Is.EqualTo($"\"{Relay} generation 0 ufrag Qh7d\""));
    }

    [Test]
    public void A_description_of_nothing_but_escapes_has_the_length_of_what_they_mean()
    {
        var sdp = "v=0\r\n" + string.Concat(Enumerable.Repeat("a=ptime:20\r\n", 5000));
        Assert.That(Filter($"\"{Escaped(sdp)}\"", PayloadKinds.Offer).Output, Is.EqualTo($"\"{sdp.ReplaceLineEndings("\\r\\n")}\""));
    }

    [Test]
    public void A_description_above_64_KiB_is_refused_in_every_shape()
    {
        var sdp = "v=0\\r\\n" + string.Concat(Enumerable.Repeat("a=ptime:20\\r\\n", 5462));
        Assert.That(Filter($"\"{sdp}\"", PayloadKinds.Answer).Findings.Text, Is.EqualTo("malformed"));
        Assert.That(Filter($$"""{"type":"answer","sdp":"{{sdp}}"}""", PayloadKinds.Signal).Findings.Text, Is.EqualTo("malformed"));
    }

    [TestCase("a.1.2.3.4.b", "address-leak")]
    [TestCase("PC.LOCAL.", "address-leak")]
    [TestCase("a\\u0000b", "malformed")]
    [TestCase("\\ud83d\\ude00", "malformed")]
    public void A_refused_sdpMid_refuses_the_candidate(string sdpMid, string reason) =>
        Assert.That(Filter($$"""{"candidate":"{{Relay}}","sdpMid":"{{sdpMid}}"}""", PayloadKinds.Candidate).Findings.Text, Is.EqualTo(reason));

    [TestCase("{\"candidate\":\"\\ud800\"}")]
    [TestCase("{\"candidate\":null,\"sdpMid\":\"\\udc00\"}")]
    [TestCase("{\"\\ud800\":1}")]
    [TestCase("{\"type\":\"\\ud800\"}")]
    [TestCase("\"\\ud800\"")]
    public void Half_of_a_surrogate_pair_is_refused_wherever_it_stands(string payload) =>
        Assert.That(Filter(payload, PayloadKinds.Candidate).Findings.Text, Is.EqualTo("malformed"));

    private static string Escaped(string text) => string.Concat(text.Select(static character => $"\\u{(int)character:x4}"));

    private static (string? Output, RelayFindings Findings) Filter(string payload, PayloadKinds kinds, RelayAddresses? relays = null)
    {
        var findings = new RelayFindings();
        var output = PayloadFilter.Filter(Encoding.UTF8.GetBytes(payload), kinds, relays ?? Ranges, ref findings);
        return (output?.Text(), findings);
    }
}
