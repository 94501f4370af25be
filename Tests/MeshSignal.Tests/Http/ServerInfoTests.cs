using System.Net;
using System.Text.Json;
using MeshSignal.Tests.Protocol;
using MeshSignal.Tests.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Http;

/// <summary>What js-chat-server clients read about a server, member by member.</summary>
internal sealed class ServerInfoTests
{
    private static readonly string[] Members =
    [
        "serverName", "motd", "port", "authentication", "maxMessagesPerSecond", "nickChangeCooldown",
        "connectionLimits.totalMaxConnections", "connectionLimits.maxConnectionsPerIP", "connectionLimits.maxConnectionsPerWindow",
        "connectionLimits.connectionWindowMs", "heartbeat.interval", "heartbeat.timeout",
        "webrtc.enabled", "webrtc.maxParticipants", "webrtc.allowVideo", "webrtc.allowScreenShare", "webrtc.forceRelay",
        "currentStats.connectedUsers", "currentStats.voiceParticipants",
        "totalMaxConnections", "currentOnline",
    ];

    [TestCase("/server-info")]
    [TestCase("/info")]
    public async Task Has_exactly_the_members_that_clients_know(string path)
    {
        await using var server = await RealServer.StartAsync();
        Assert.That(Paths((await GetAsync(server, path)).RootElement), Is.EquivalentTo(Members));
    }

    [Test]
    public void Its_example_in_the_protocol_document_has_them_too()
    {
        var (_, json) = new ProtocolDocument().Examples.First(example => example.Sender == "http");
        Assert.That(Paths(JsonElement.Parse(json)), Is.EquivalentTo(Members));
    }

    [Test]
    public async Task Says_what_is_configured()
    {
        await using var server = await RealServer.StartAsync(
            ("MeshSignal:Name", "Testers"), ("MeshSignal:Motd", "be kind"), ("MeshSignal:Calls:MaxParticipants", "4"), ("MeshSignal:Calls:AllowVideo", "false"),
            ("MeshSignal:Heartbeat:Interval", "00:00:20"), ("MeshSignal:Chat:MessagesPerSecond", "9"), ("MeshSignal:Chat:NickCooldown", "00:01:00"));
        using var document = await GetAsync(server, "/server-info");
        var info = document.RootElement;

        Assert.That((info.Text("serverName"), info.Text("motd"), info.GetProperty("port").GetInt32()), Is.EqualTo(("Testers", "be kind", server.Port)));
        Assert.That(info.GetProperty("webrtc").GetRawText(),
            Is.EqualTo("""{"enabled":true,"maxParticipants":4,"allowVideo":false,"allowScreenShare":true,"forceRelay":false}"""));
        Assert.That(info.GetProperty("heartbeat").GetRawText(), Is.EqualTo("""{"interval":20000,"timeout":120000}"""));
        Assert.That((info.GetProperty("maxMessagesPerSecond").GetInt32(), info.GetProperty("nickChangeCooldown").GetInt32()), Is.EqualTo((9, 60_000)));
    }

    [Test]
    public async Task Says_how_many_may_connect()
    {
        await using var server = await RealServer.StartAsync(
            ("MeshSignal:Limits:MaxConnections", "700"), ("MeshSignal:Limits:ConnectionsPerAddress", "30"), ("MeshSignal:Limits:NewConnectionsPerAddress", "12"));
        using var document = await GetAsync(server, "/server-info");

        Assert.That(document.RootElement.GetProperty("connectionLimits").GetRawText(),
            Is.EqualTo("""{"totalMaxConnections":700,"maxConnectionsPerIP":30,"maxConnectionsPerWindow":12,"connectionWindowMs":10000}"""));
        Assert.That(document.RootElement.GetProperty("totalMaxConnections").GetInt32(), Is.EqualTo(700));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Says_whether_calls_must_be_relayed(bool forceRelay)
    {
        // In rooms of their own it may be otherwise: this is what holds in all others.
        await using var server = await RealServer.StartAsync(RelayRoom.SettingsWith(
            ("MeshSignal:Calls:ForceRelay", $"{forceRelay}"),
            ("MeshSignal:Calls:Rooms:0:Pattern", "x*"),
            ("MeshSignal:Calls:Rooms:0:ForceRelay", $"{!forceRelay}")));
        using var document = await GetAsync(server, "/server-info");

        Assert.That(document.RootElement.GetProperty("webrtc").GetProperty("forceRelay").GetBoolean(), Is.EqualTo(forceRelay));
        Assert.That(document.RootElement.GetRawText(), Does.Not.Contain(RelayRoom.Secret).And.Not.Contain("turn:"), "TURN is for those who are in a room");
    }

    [Test]
    public async Task Counts_who_is_there_and_who_is_in_a_call()
    {
        await using var server = await RealServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        using var bob = await server.ConnectLegacyAsync("bob");
        await alice.JoinAsync();
        using var document = await GetAsync(server, "/info");

        Assert.That(document.RootElement.GetProperty("currentStats").GetRawText(), Is.EqualTo("""{"connectedUsers":2,"voiceParticipants":1}"""));
        Assert.That(document.RootElement.GetProperty("currentOnline").GetInt32(), Is.EqualTo(2));
    }

    [Test]
    public async Task Is_open_to_every_origin_and_never_cached()
    {
        await using var server = await RealServer.StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{server.Url}/server-info");
        request.Headers.Add("Origin", "https://elsewhere.example");
        using var response = await http.SendAsync(request);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(response.Headers.GetValues("Access-Control-Allow-Origin"), Is.EqualTo(new[] { "*" }));
        Assert.That(response.Headers.CacheControl!.NoStore, Is.True);
        Assert.That(response.Content.Headers.ContentType!.ToString(), Is.EqualTo("application/json; charset=utf-8"));
    }

    private static async Task<JsonDocument> GetAsync(RealServer server, string path)
    {
        using var http = new HttpClient();
        return JsonDocument.Parse(await http.GetStringAsync(new Uri(server.Url + path)));
    }

    private static IEnumerable<string> Paths(JsonElement element, string prefix = "") => element.EnumerateObject().SelectMany(
        member => member.Value.ValueKind == JsonValueKind.Object ? Paths(member.Value, $"{prefix}{member.Name}.") : [prefix + member.Name]);
}
