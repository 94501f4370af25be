using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using Microsoft.Extensions.Configuration;

namespace MeshSignal.Tests.Hosting;

internal sealed class ConfigurationCheckTests
{
    [Test]
    public void Without_any_configuration_the_server_starts() => Assert.That(Errors(), Is.Empty);

    [TestCase("MeshSignal:Name", "x")]
    [TestCase("MeshSignal:Motd", "")]
    [TestCase("MeshSignal:Calls:Enabled", "FALSE")]
    [TestCase("meshsignal:calls:maxparticipants", "64")]
    [TestCase("MeshSignal:Heartbeat:Interval", "00:00:01")]
    [TestCase("MeshSignal:Heartbeat:Interval", "00:00:01.5")]
    [TestCase("MeshSignal:Chat:NickCooldown", "1.00:00:00")]
    [TestCase("MeshSignal:Chat:History", "0")]
    [TestCase("Kestrel:Endpoints:A:Protocols", "http1")]
    [TestCase("Kestrel:Limits:MaxConcurrentConnections", "5")]
    [TestCase("MeshSignal:Framing", "kestrel")]
    [TestCase("Nope", "1")]
    public void A_right_value_is_no_error(string key, string value) => Assert.That(Errors((key, value)), Is.Empty);

    [TestCase("MeshSignal:Nope", "1", "MeshSignal:Nope is not a known key.")]
    [TestCase("MeshSignal:Limits:Nope", "", "MeshSignal:Limits:Nope is not a known key.")]
    [TestCase("MeshSignal:Limits:Nope:Deeper", "1", "MeshSignal:Limits:Nope is not a known key.")]
    [TestCase("MeshSignal:Calls:Enabled", "yes", "MeshSignal:Calls:Enabled must be true or false, and 'yes' is not.")]
    [TestCase("MeshSignal:Calls:Enabled", "", "MeshSignal:Calls:Enabled must be true or false, and '' is not.")]
    [TestCase("MeshSignal:Limits:Fragments", "abc", "MeshSignal:Limits:Fragments must be a whole number, and 'abc' is not.")]
    [TestCase("MeshSignal:Limits:Fragments", "1.5", "MeshSignal:Limits:Fragments must be a whole number, and '1.5' is not.")]
    [TestCase("MeshSignal:Limits:Fragments", "99999999999", "MeshSignal:Limits:Fragments must be a whole number, and '99999999999' is not.")]
    [TestCase("MeshSignal:Limits:Fragments", "0x20", "MeshSignal:Limits:Fragments must be a whole number, and '0x20' is not.")]
    [TestCase("MeshSignal:Heartbeat:Interval", "30", "MeshSignal:Heartbeat:Interval must be a duration such as 00:00:30, and '30' is not.")]
    [TestCase("MeshSignal:Heartbeat:Interval", "30s", "MeshSignal:Heartbeat:Interval must be a duration such as 00:00:30, and '30s' is not.")]
    [TestCase("MeshSignal:Heartbeat:Interval", "", "MeshSignal:Heartbeat:Interval must be a duration such as 00:00:30, and '' is not.")]
    [TestCase("MeshSignal:Heartbeat:Interval", "a:b", "MeshSignal:Heartbeat:Interval must be a duration such as 00:00:30, and 'a:b' is not.")]
    [TestCase("MeshSignal:Heartbeat:Interval", "00:00:90", "MeshSignal:Heartbeat:Interval must be a duration such as 00:00:30, and '00:00:90' is not.")]
    [TestCase("MeshSignal:Framing", "Flock", "MeshSignal:Framing must be Kestrel or Fleck, and 'Flock' is not.")]
    [TestCase("MeshSignal:Framing", "0", "MeshSignal:Framing must be Kestrel or Fleck, and '0' is not.")]
    [TestCase("Kestrel:EndpointDefaults:Protocols", "Http2", "Kestrel:EndpointDefaults:Protocols must be Http1: WebSockets are served over HTTP/1.1 only.")]
    [TestCase("Kestrel:Endpoints:A:Protocols", "Http1AndHttp2", "Kestrel:Endpoints:A:Protocols must be Http1: WebSockets are served over HTTP/1.1 only.")]
    public void A_wrong_one_is_named(string key, string value, string expected) => Assert.That(Errors((key, value)), Is.EqualTo([expected]));

    [Test]
    public void A_framing_that_was_not_compiled_in_is_an_error_that_says_how_to_get_it() =>
        Assert.That(Errors(("MeshSignal:Framing", "fleck")), Framings.Has(Framing.Fleck) ? Is.Empty : Has.Count.EqualTo(1).And.All.Contains("-p:Fleck=true"));

    [TestCase("MeshSignal")]
    [TestCase("MeshSignal:Limits")]
    [TestCase("MeshSignal:Chat")]
    public void A_value_where_keys_are_wanted_is_an_error(string key) => Assert.That(Errors((key, "1")), Has.Count.EqualTo(1).And.All.Contains(key));

    [Test]
    public void Keys_where_a_value_is_wanted_are_an_error() =>
        Assert.That(Errors(("MeshSignal:Limits:Fragments:0", "1")), Has.Count.EqualTo(1).And.All.Contains("MeshSignal:Limits:Fragments"));

    [TestCase("MeshSignal:Name", "")]
    [TestCase("MeshSignal:Calls:MaxParticipants", "1")]
    [TestCase("MeshSignal:Calls:MaxParticipants", "65")]
    [TestCase("MeshSignal:Calls:Rooms:0:MaxParticipants", "1")]
    [TestCase("MeshSignal:Calls:Rooms:0:MaxParticipants", "65")]
    [TestCase("MeshSignal:Heartbeat:Interval", "00:00:00")]
    [TestCase("MeshSignal:Heartbeat:Interval", "-00:00:30")]
    [TestCase("MeshSignal:Heartbeat:Timeout", "1.00:00:00")]
    [TestCase("MeshSignal:Limits:MessageBytes", "-1")]
    [TestCase("MeshSignal:Limits:Fragments", "0")]
    [TestCase("MeshSignal:Limits:SendTimeout", "00:00:00.5")]
    [TestCase("MeshSignal:Chat:MessagesPerSecond", "0")]
    public void A_value_out_of_its_range_is_named(string key, string value)
    {
        var name = key.Split(':')[^1];
        Assert.That(Errors((key, value), ("MeshSignal:Calls:Rooms:0:Pattern", "demo")), Has.Count.EqualTo(1).And.All.Contains(name));
    }

    [Test]
    public void Every_number_and_duration_has_a_range()
    {
        using var scope = Assert.EnterMultipleScope();
        var sections = typeof(MeshSignalOptions).GetProperties().Where(property => property.PropertyType.Assembly == typeof(MeshSignalOptions).Assembly);
        foreach (var section in sections)
            foreach (var property in section.PropertyType.GetProperties().Where(property => property.PropertyType != typeof(bool)))
            {
                var value = property.PropertyType == typeof(TimeSpan) ? "-00:00:01" : "-1";
                Assert.That(Errors(($"MeshSignal:{section.Name}:{property.Name}", value)), Has.Some.Contains(property.Name));
            }
    }

    [TestCase("00:00:20", "00:00:20", true)]
    [TestCase("00:00:20", "00:00:21", true)]
    [TestCase("00:00:21", "00:00:20", false)]
    public void A_timeout_that_ends_before_the_ping_is_a_contradiction(string timeout, string pingInterval, bool isError) =>
        Assert.That(
            Errors(("MeshSignal:Heartbeat:Timeout", timeout), ("MeshSignal:Heartbeat:PingInterval", pingInterval)),
            isError ? Has.Count.EqualTo(1).And.All.Contains("MeshSignal:Heartbeat:Timeout") : Is.Empty);

    [TestCase("65535", true)]
    [TestCase("65536", false)]
    public void A_queue_that_is_smaller_than_a_message_is_a_contradiction(string queueBytes, bool isError) =>
        Assert.That(
            Errors(("MeshSignal:Limits:SendQueueBytes", queueBytes), ("MeshSignal:Chat:HistoryBytes", "0")),
            isError ? Has.Count.EqualTo(1).And.All.Contains("MeshSignal:Limits:SendQueueBytes") : Is.Empty);

    [TestCase("1048576", true)]
    [TestCase("1048575", false)]
    public void A_history_that_a_queue_cannot_hold_is_a_contradiction(string historyBytes, bool isError) =>
        Assert.That(
            Errors(("MeshSignal:Chat:HistoryBytes", historyBytes)),
            isError ? Has.Count.EqualTo(1).And.All.Contains("Chat:HistoryBytes") : Is.Empty);

    [Test]
    public void All_errors_come_in_one_list()
    {
        var errors = Errors(
            ("MeshSignal:Nope", "1"),
            ("MeshSignal:Limits:Fragments", "many"),
            ("MeshSignal:Heartbeat:Interval", "30"),
            ("MeshSignal:Calls:MaxParticipants", "1"),
            ("MeshSignal:Heartbeat:Timeout", "00:00:10"),
            ("MeshSignal:Limits:SendQueueBytes", "2048"),
            ("MeshSignal:Chat:HistoryBytes", "2047"),
            ("Kestrel:Endpoints:A:Protocols", "Http3"));
        string[] named =
            ["MeshSignal:Nope", "Fragments", "Heartbeat:Interval", "MaxParticipants", "Heartbeat:Timeout", "SendQueueBytes", "Kestrel:Endpoints:A"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(errors, Has.Count.EqualTo(named.Length));
            foreach (var name in named)
                Assert.That(errors, Has.Some.Contains(name));
        }
    }

    private static IReadOnlyList<string> Errors(params (string Key, string Value)[] settings) =>
        ConfigurationCheck.Errors(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build());
}
