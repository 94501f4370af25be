using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using MeshSignal.Tests.Protocol;
using Microsoft.Extensions.DependencyInjection;

namespace MeshSignal.Tests.Ice;

/// <summary>What the relay policy promises, held against messages that try to get around it.</summary>
internal sealed partial class RelayPropertyTests
{
    // Case n is made from FirstSeed + n: the seed in a failure makes its message again.
    private const int FirstSeed = 20_000_000;
    private const int Cases = 100_000;

    private static readonly IceRelayPolicy Policy = PolicyOf([.. HostileText.RelayRanges]);
    private static readonly LeakScanner Scanner = new(HostileText.RelayRanges);

    private static readonly string[] MembersOfShapes =
        ["candidate", "sdpMid", "sdpMLineIndex", "usernameFragment", "type", "sdp", "renegotiate", "transceiverRequest", "kind", "init", "direction"];

    private int _passed;
    private int _refused;
    private int _cleaned;

    internal static IceRelayPolicy PolicyOf(params string[] ranges) => new(
        new IceOptions { RelayRanges = [.. ranges] }, new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());

    [Test]
    public void No_message_tells_an_address_that_is_no_relays_and_what_passed_passes_unchanged()
    {
        for (var seed = FirstSeed; seed < FirstSeed + Cases; seed++)
        {
            var message = new HostileText(seed).Message();
            var problem = ProblemWith(message);
            if (problem is not null)
                Assert.Fail($"seed {seed}: {problem}\n{Encoding.UTF8.GetString(message)}");
        }

        TestContext.Out.WriteLine($"{Cases} messages: {_passed} passed, {_cleaned} of them rid of an address; {_refused} refused; the others were none");

        // Else it would prove nothing.
        Assert.That(_passed, Is.GreaterThan(Cases / 10));
        Assert.That(_refused, Is.GreaterThan(Cases / 10));
        Assert.That(_cleaned, Is.GreaterThan(Cases / 10));
    }

    [TestCase("192.168.1.7")]
    [TestCase("x1.2.3.4.5y")]
    [TestCase("1198.51.100.3")]
    [TestCase("198.51.100.16")]
    [TestCase("010.0.0.1")]
    [TestCase("a=mid:fe80::7")]
    [TestCase("1:2:3:4:5:6:7:8")]
    [TestCase("beef2001:db8:ffff::1")]
    [TestCase("2001:db8:8::1")]
    [TestCase("::ffff:198.51.100.3")]
    [TestCase("::ffff:c0a8:107")]
    [TestCase("2001:db8:7::5efe:192.168.1.7")]
    [TestCase("AB:AB:AB:AB:AB:AB:AB:AB")]
    [TestCase("AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB::")]
    [TestCase("AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB.fe80::7")]
    [TestCase("x@PC.LOCAL.")]
    public void The_scanner_finds(string leak)
    {
        Assert.That(Scanner.FindIn(leak), Is.Not.Null);
        var escaped = string.Concat(leak.Select(static character => $"\\u{(int)character:x4}"));
        Assert.That(Scanner.Find(Encoding.UTF8.GetBytes($$"""{"a":["{{escaped}}"]}""")), Is.Not.Null);
        Assert.That(Scanner.Find(Encoding.UTF8.GetBytes($$"""{"{{escaped}}":0}""")), Is.Not.Null);
    }

    [TestCase("0.0.0.0")]
    [TestCase("raddr :: rport 9")]
    [TestCase("198.51.100.15 54609")]
    [TestCase("2001:db8:7::5.")]
    [TestCase("1.2.3")]
    [TestCase("12:34:56")]
    [TestCase("00:1b:63:84:45:e6")]
    [TestCase("AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB")]
    [TestCase("AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB.1")]
    [TestCase("AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB.:CD:EF")]
    [TestCase("turn.localhost.example")]
    public void The_scanner_does_not_find(string text) => Assert.That(Scanner.FindIn(text), Is.Null);

    private string? ProblemWith(byte[] utf8)
    {
        try
        {
            if (!MessageCodec.TryDecode(utf8, out var decoded, out _) || decoded is not DirectedMessage message)
                return null;

            var once = Policy.Apply(message);
            if (once.Message is null)
            {
                _refused++;
                return once.Findings.Text is null ? "refused without a reason" : null;
            }

            _passed++;
            _cleaned += Scanner.FindIn(Encoding.UTF8.GetString(utf8)) is null ? 0 : 1;
            return ProblemWithPassed(once.Message);
        }
        catch (Exception e)
        {
            return e.ToString();
        }
    }

    private static string? ProblemWithPassed(DirectedMessage message)
    {
        var relayed = RelayedMessageTests.Relay(message);
        if (Scanner.Find(relayed.Utf8) is { } leak)
            return $"tells {leak}: {relayed.Text()}";
        if (relayed.Utf8.Span.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            return $"not plain ASCII: {relayed.Text()}";

        using var document = JsonDocument.Parse(relayed.Utf8);
        var problems = document.RootElement.EnumerateObject().Select(static member => ProblemWithShape(member.Value));
        if (problems.FirstOrDefault(static problem => problem is not null) is { } problem)
            return $"{problem}: {relayed.Text()}";

        var twice = Policy.Apply(message);
        if (twice.Message is null || twice.Findings.Dropped > 0)
            return $"passes once only: {relayed.Text()}";

        return RelayedMessageTests.Relay(twice.Message).Utf8.Span.SequenceEqual(relayed.Utf8.Span) ? null : $"changes twice: {relayed.Text()}";
    }

    /// <summary>Every candidate in its one form, and no member that the shapes do not have.</summary>
    private static string? ProblemWithShape(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject()
            .Select(static member => MembersOfShapes.Contains(member.Name, StringComparer.Ordinal) ? ProblemWithShape(member.Value) : $"holds {member.Name}")
            .FirstOrDefault(static problem => problem is not null),
        JsonValueKind.String => value.GetString()!.Split('\n').Select(static line => line.TrimEnd('\r'))
            .FirstOrDefault(static line => Candidate().IsMatch(line) && !RelayCandidate().IsMatch(line)),
        JsonValueKind.Array => "holds an array",
        _ => null,
    };

    [GeneratedRegex("candidate:", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Candidate();

    [GeneratedRegex(
        @"^(a=)?candidate:[A-Za-z0-9+/]{1,32} [0-9]{1,3} (udp|tcp) [0-9]{1,10} [0-9a-f.:]+ [0-9]{1,5} typ relay raddr (0\.0\.0\.0|::) rport 9"
        + @"( tcptype (active|passive|so))?( generation [0-9]{1,10})?( ufrag [A-Za-z0-9+/]{4,256})?\z",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 60_000)]
    private static partial Regex RelayCandidate();
}
