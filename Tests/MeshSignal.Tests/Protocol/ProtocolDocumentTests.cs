using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

internal sealed class ProtocolDocumentTests
{
    private static readonly string[] Payloads = ["offer", "answer", "candidate", "signal"];

    private readonly ProtocolDocument _document = new();

    private static IEnumerable<string> TypeNames =>
        Constants<string>(typeof(MessageTypes)).Where(name => name != MessageTypes.SignalingPrefix);

    private static IEnumerable<string> ClientTypes =>
        TypeNames.Where(type => MessageCodec.TryDecode(Encoding.UTF8.GetBytes($$"""{"type":"{{type}}"}"""), out _, out var failure)
            || failure.Code != ErrorCode.UnknownType);

    private static IEnumerable<ErrorCode> ErrorCodes =>
        typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(member => member.GetValue(null)).OfType<ErrorCode>();

    private IEnumerable<JsonElement> ServerExamples =>
        _document.Examples.Where(example => example.Sender == "server").Select(example => JsonElement.Parse(example.Json));

    [Test]
    public void Every_example_says_who_sends_it() =>
        Assert.That(_document.Examples.Select(example => example.Sender), Is.Not.Empty.And.All.AnyOf("client", "server", "http"));

    [Test]
    public void Every_client_example_is_decoded()
    {
        foreach (var (_, json) in _document.Examples.Where(example => example.Sender == "client"))
            Decoding.Decode(json);
    }

    [Test]
    public void Every_server_example_holds_what_is_always_sent_and_nothing_that_never_is()
    {
        using var scope = Assert.EnterMultipleScope();
        foreach (var example in ServerExamples)
        {
            var sample = ServerMessages.All.SingleOrDefault(sample => sample.Type == example.GetProperty("type").GetString());
            Assert.That(sample, Is.Not.Null, $"{example}");
            Assert.That(Members(example), Is.SubsetOf(Members(sample!.Full)).And.SupersetOf(Members(sample.Least)), sample.Type);
        }
    }

    [Test]
    public void Every_type_has_an_example_in_each_direction_it_goes()
    {
        var decoded = _document.Examples.Where(example => example.Sender == "client").Select(example => Decoding.Decode(example.Json).Type);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(decoded.Distinct(StringComparer.Ordinal), Is.EquivalentTo(ClientTypes));
            Assert.That(
                ServerExamples.Select(example => example.GetProperty("type").GetString()).Distinct(StringComparer.Ordinal),
                Is.EquivalentTo(ServerMessages.All.Select(sample => sample.Type)));
            Assert.That(ClientTypes.Concat(ServerMessages.All.Select(sample => sample.Type)).Distinct(StringComparer.Ordinal), Is.EquivalentTo(TypeNames));
        }
    }

    [Test]
    public void The_table_of_messages_names_every_type_once_for_each_sender()
    {
        var rows = _document.Table("type").Select(cells => $"{cells[1]} {cells[0].Trim('`')}");
        var types = ClientTypes.Select(type => $"client {type}").Concat(ServerMessages.All.Select(sample => $"server {sample.Type}"));
        Assert.That(rows, Is.EquivalentTo(types));
    }

    [Test]
    public void The_table_of_messages_names_every_member_that_the_server_sends()
    {
        using var scope = Assert.EnterMultipleScope();
        foreach (var cells in _document.Table("type").Where(cells => cells[1] == "server"))
        {
            var sample = ServerMessages.All.Single(sample => sample.Type == cells[0].Trim('`'));
            var members = sample.Type == MessageTypes.Error
                ? _document.Table("field").SelectMany(row => ProtocolDocument.Code(row[0]))
                : ProtocolDocument.Code(cells[3]);
            var least = Names(sample.Least).ToList();
            var expected = Names(sample.Full).Select(name => least.Contains(name, StringComparer.Ordinal) ? name : $"{name}?");
            Assert.That(members, Is.EquivalentTo(expected), sample.Type);
        }
    }

    [Test]
    public void The_table_of_errors_names_every_code_and_whether_to_try_again()
    {
        var rows = _document.Table("code | text").Select(cells => (Code: cells[0].Trim('`'), IsRetryable: cells[^1])).ToList();
        Assert.That(rows, Is.EquivalentTo(ErrorCodes.Select(code => (Code: code.Wire, IsRetryable: code.Retryable ? "yes" : "no")).Distinct()));
    }

    [Test]
    public void The_table_of_close_codes_names_every_code()
    {
        var codes = _document.Table("code | why").Select(cells => int.Parse(cells[0], CultureInfo.InvariantCulture));
        Assert.That(codes, Is.EquivalentTo(Enum.GetValues<CloseCode>().Select(code => (int)code)));
    }

    [Test]
    public void Texts_that_are_set_as_code_in_the_table_of_errors_are_the_ones_that_are_sent()
    {
        var texts = _document.Table("code | text").ToLookup(cells => cells[0].Trim('`'), cells => ProtocolDocument.Code(cells[1]), StringComparer.Ordinal);
        using var scope = Assert.EnterMultipleScope();
        foreach (var code in ErrorCodes.Where(code => texts[code.Wire].First().Count == 1 && code != ErrorCode.RoomFull && code != ErrorCode.RateLimited))
            Assert.That(texts[code.Wire].First(), Is.EqualTo([code.Text]));
        Assert.That(texts[ErrorCode.RoomFull.Wire].First(), Is.EqualTo([ErrorCode.RoomFullText(8)]));
    }

    private static IEnumerable<T> Constants<T>(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(member => member.IsLiteral).Select(member => (T)member.GetRawConstantValue()!);

    private static IEnumerable<string> Names(JsonElement message) =>
        message.EnumerateObject().Select(member => member.Name).Where(name => name != "type");

    /// <summary>The paths of all members, those of lists' items in one; what peers tell each other is theirs.</summary>
    private static List<string> Members(JsonElement element, string path = "")
    {
        IEnumerable<string> members = element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Payloads.Contains(member.Name, StringComparer.Ordinal)
                ? [$"{path}.{member.Name}"]
                : Members(member.Value, $"{path}.{member.Name}").Prepend($"{path}.{member.Name}")),
            JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Members(item, $"{path}[]")),
            _ => [],
        };
        return [.. members.Distinct(StringComparer.Ordinal)];
    }
}
