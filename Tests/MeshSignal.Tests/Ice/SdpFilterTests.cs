using System.Text;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;

namespace MeshSignal.Tests.Ice;

/// <summary>What the table of vectors does not say well.</summary>
internal sealed class SdpFilterTests
{
    private const string Session = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    private const string Section = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

    private static readonly RelayAddresses Ranges = RelayAddresses.From(new IceOptions { RelayRanges = ["198.51.100.0/28"] });
    private static readonly RelayAddresses AnyRelay = RelayAddresses.From(new IceOptions { TrustRelayCandidateType = true });

    [Test]
    public void What_was_found_is_counted_by_reason()
    {
        var (output, findings) = Filter(
            Session + Section
            + "a=candidate:1 1 udp 1 192.168.1.7 1 typ host\r\na=candidate:2 1 udp 1 203.0.113.77 1 typ srflx\r\n"
            + "a=candidate:3 1 udp 1 203.0.113.77 1 typ relay\r\n"
            + "a=candidate:4 1 udp 1 198.51.100.3 1 typ relay\r\na=candidate:5 1 tcp 1 198.51.100.4 9 typ relay tcptype active\r\na=candidate:x\r\n");
        Assert.That((findings.Dropped, findings.Usable, findings.IsEnd, findings.Text), Is.EqualTo((4, 2, false, "malformed,type,address")));
        Assert.That(output, Does.EndWith(
            "a=candidate:4 1 udp 1 198.51.100.3 1 typ relay raddr 0.0.0.0 rport 9\r\n"
            + "a=candidate:5 1 tcp 1 198.51.100.4 9 typ relay raddr 0.0.0.0 rport 9 tcptype active\r\n"));
    }

    [Test]
    public void Of_a_description_that_is_refused_nothing_counts_but_the_reason()
    {
        var (output, findings) = Filter(
            Session + Section + "a=candidate:1 1 udp 1 192.168.1.7 1 typ host\r\na=candidate:4 1 udp 1 198.51.100.3 1 typ relay\r\n"
            + "a=end-of-candidates\r\na=mid:192.168.1.7\r\n");
        Assert.That(output, Is.Null);
        Assert.That((findings.Dropped, findings.Usable, findings.IsEnd, findings.Text), Is.EqualTo((0, 0, false, "address-leak")));
    }

    [Test]
    public void Sections_are_counted_from_the_first_and_candidates_belong_to_any_of_them()
    {
        const string candidate = "a=candidate:4 1 udp 1 198.51.100.3 1 typ relay\r\n";
        var (output, findings) = Filter(Session + candidate + Section + "a=mid:0\r\n" + candidate + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n" + candidate);
        Assert.That((findings.Dropped, findings.Usable), Is.EqualTo((1, 2)));
        Assert.That(output, Does.StartWith(Session + Section + "a=mid:0\r\na=candidate:4 "));
    }

    [Test]
    public void Where_the_type_is_trusted_a_candidate_may_have_an_address_that_no_other_line_may_have()
    {
        const string candidate = "a=candidate:4 1 udp 1 203.0.113.77 1 typ relay raddr 0.0.0.0 rport 9\r\n";
        Assert.That(Filter(Session + Section + candidate, AnyRelay).Output, Is.EqualTo(Session + Section + candidate));
        Assert.That(Filter(Session + Section + candidate + "a=mid:203.0.113.77\r\n", AnyRelay).Findings.Text, Is.EqualTo("address-leak"));
    }

    [Test]
    public void A_description_of_64_KiB_passes_and_one_of_a_byte_more_does_not()
    {
        var lines = string.Concat(Enumerable.Repeat("a=ptime:20\r\n", 5455));
        var longest = Session + lines + $"a=mid:{new string('m', (64 * 1024) - Session.Length - lines.Length - 8)}\r\n";
        Assert.That(longest, Has.Length.EqualTo(64 * 1024));
        Assert.That(Filter(longest).Output, Is.EqualTo(longest));
        Assert.That(Filter(longest.Insert(longest.Length - 2, "m")).Findings.Text, Is.EqualTo("malformed"));
    }

    [Test]
    public void What_is_left_out_counts_to_the_length_as_well() =>
        Assert.That(Filter(Session + string.Concat(Enumerable.Repeat("i=title\r\n", 7300))).Findings.Text, Is.EqualTo("malformed"));

    [TestCase("c=x\n", 18)]
    [TestCase("a=rtcp\n", 25)]
    [TestCase("s=x\n", 5)]
    public void A_description_does_not_grow_above_64_KiB(string line, int written)
    {
        // What it becomes is longer than what came.
        var fitting = ((64 * 1024) - Session.Length) / written;
        Assert.That(Filter(Session + string.Concat(Enumerable.Repeat(line, fitting))).Output, Has.Length.LessThanOrEqualTo(64 * 1024));
        Assert.That(Filter(Session + string.Concat(Enumerable.Repeat(line, fitting + 1))).Findings.Text, Is.EqualTo("malformed"));
    }

    [Test]
    public void Candidates_that_no_more_fit_refuse_the_description()
    {
        var candidates = string.Concat(Enumerable.Repeat("a=candidate:1 1 udp 1 198.51.100.3 1 typ relay\n", 1390));
        Assert.That(Filter(Session + Section + candidates).Findings, Is.EqualTo(Refusal(RelayReasons.Malformed)));
    }

    [Test]
    public void What_would_not_fit_but_is_dropped_does_no_harm()
    {
        var dropped = string.Concat(Enumerable.Repeat("a=candidate:1 1 udp 1 192.168.1.7 1 typ host\r\n", 1390));
        Assert.That(Filter(Session + Section + dropped).Findings.Dropped, Is.EqualTo(1390));
    }

    [TestCase("")]
    [TestCase("\r\n")]
    [TestCase("v=0\r")]
    [TestCase("V=0\r\n")]
    [TestCase("v=0 \r\n")]
    [TestCase("o=- 1 2 IN IP4 0.0.0.0\r\nv=0\r\n")]
    public void A_description_begins_with_its_version(string sdp) => Assert.That(Filter(sdp).Findings.Text, Is.EqualTo("malformed"));

    private static RelayFindings Refusal(RelayReasons reason)
    {
        var findings = new RelayFindings();
        findings.Refuse(reason);
        return findings;
    }

    private static (string? Output, RelayFindings Findings) Filter(string sdp, RelayAddresses? relays = null)
    {
        var findings = new RelayFindings();
        var writer = new AsciiWriter(new byte[SdpFilter.MaxLength]);
        var passes = SdpFilter.TryFilter(Encoding.UTF8.GetBytes(sdp), relays ?? Ranges, ref writer, ref findings);
        return (passes ? Encoding.UTF8.GetString(writer.Written) : null, findings);
    }
}
