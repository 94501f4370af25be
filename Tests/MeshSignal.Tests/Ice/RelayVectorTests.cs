using System.Text;
using System.Text.Json.Nodes;
using MeshSignal.Protocol;
using MeshSignal.Server.Ice;
using MeshSignal.Tests.Protocol;

namespace MeshSignal.Tests.Ice;

/// <summary>
/// The table of cases in <c>relay-vectors.json</c>: what goes in, what becomes of it, and what comes out. Its kinds are the members of messages
/// (<c>offer</c>, <c>candidate</c> ...), the same as JSON text, in which each byte counts (<c>offer-json</c> ...), a line of a section or before
/// any, and a whole message.
/// </summary>
internal sealed class RelayVectorTests
{
    private const string SessionLines = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    private const string SectionLines = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n";

    private static readonly JsonObject Document =
        JsonNode.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Ice", "relay-vectors.json")))!.AsObject();

    private static readonly IceRelayPolicy Policy =
        RelayPropertyTests.PolicyOf([.. Document["relayRanges"]!.AsArray().Select(static range => range!.GetValue<string>())]);

    private static IEnumerable<TestCaseData> Members => Vectors("offer", "answer", "candidate");

    private static IEnumerable<TestCaseData> Json => Vectors("offer-json", "answer-json", "candidate-json", "signal-json");

    private static IEnumerable<TestCaseData> Lines => Vectors("line", "session-line");

    private static IEnumerable<TestCaseData> Whole => Vectors("whole");

    [TestCaseSource(nameof(Members))]
    public void Member(JsonObject vector)
    {
        var (output, result) = Apply(Text(vector, "kind"), Written(vector["input"]));
        Assert.That(result, Is.EqualTo(Text(vector, "result")));
        Assert.That(output is null ? null : Written(JsonNode.Parse(output)), Is.EqualTo(vector["output"]?.ToJsonString()));
    }

    [TestCaseSource(nameof(Json))]
    public void Json_text(JsonObject vector)
    {
        var (output, result) = Apply(Text(vector, "kind").Split('-')[0], Text(vector, "input"));
        Assert.That(result, Is.EqualTo(Text(vector, "result")));
        Assert.That(output, Is.EqualTo(vector["output"]?.GetValue<string>()));
    }

    [TestCaseSource(nameof(Lines))]
    public void Line(JsonObject vector)
    {
        string Around(string line) => Text(vector, "kind") == "line" ? SessionLines + SectionLines + line : SessionLines + line + SectionLines;
        var (output, result) = Apply("offer", Written(Around($"{Text(vector, "input")}\r\n")));
        Assert.That(result, Is.EqualTo(Text(vector, "result")));
        if (output is not null)
            Assert.That(JsonNode.Parse(output)!.GetValue<string>(), Is.EqualTo(Around(vector["output"] is { } line ? $"{line}\r\n" : "")));
    }

    [TestCaseSource(nameof(Whole))]
    public void Message(JsonObject vector) => Assert.That(Judge(Written(vector["input"]), "").Result, Is.EqualTo(Text(vector, "result")));

    [Test]
    public void Every_vector_is_tested()
    {
        var all = Document["vectors"]!.AsArray();
        Assert.That(Members.Concat(Json).Concat(Lines).Concat(Whole).Count(), Is.EqualTo(all.Count));
        Assert.That(all.Select(static vector => Text(vector!.AsObject(), "id")), Is.Unique);
    }

    private static IEnumerable<TestCaseData> Vectors(params string[] kinds) => Document["vectors"]!.AsArray()
        .Select(static vector => vector!.AsObject())
        .Where(vector => kinds.Contains(Text(vector, "kind"), StringComparer.Ordinal))
        .Select(static vector => new TestCaseData(vector).SetArgDisplayNames(Text(vector, "id"), Text(vector, "desc")));

    private static string Text(JsonObject vector, string name) => vector[name]!.GetValue<string>();

    private static string Written(JsonNode? node) => node?.ToJsonString() ?? "null";

    private static (string? Output, string Result) Apply(string member, string payload)
    {
        var type = member == "candidate" ? MessageTypes.IceCandidate : $"webrtc-{member}";
        return Judge($$"""{"type":"{{type}}","targetUsername":"bob","{{member}}":{{payload}}}""", member);
    }

    /// <summary>What of a message is passed on, and how it was judged; by the codec, if it is none.</summary>
    private static (string? Output, string Result) Judge(string message, string member)
    {
        if (!MessageCodec.TryDecode(Encoding.UTF8.GetBytes(message), out var decoded, out var failure))
            return (null, failure.Code.Wire);

        var (passed, findings) = Policy.Apply((DirectedMessage)decoded);
        if (passed is null)
            return (null, $"{(findings.Dropped > 0 ? "drop" : "reject")}:{findings.Text}");

        var relayed = RelayedMessageTests.Relay(passed).Text();
        var start = relayed.IndexOf($"\"{member}\":", StringComparison.Ordinal) + member.Length + 3;
        var dropped = findings.Dropped > 0 ? $", dropped {findings.Dropped}: {findings.Text}" : "";
        return (relayed[start..^1], $"forward{dropped}{(findings.IsEnd ? ", end" : "")}");
    }
}
