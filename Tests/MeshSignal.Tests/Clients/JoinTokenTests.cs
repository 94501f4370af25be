using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MeshSignal.Protocol;
using MeshSignal.Tests.Authentication;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Clients;

/// <summary>All the ways in which a join token can come, from the libraries that clients are built on.</summary>
[TestFixtureSource(typeof(Library), nameof(Library.All))]
internal sealed class JoinTokenTests(Library library)
{
    private const string V1 = Subprotocols.V1;

    private static readonly string _alice = Tokens.Hs("""{"sub":"1","name":"alice","exp":4000000000}""");

    private static readonly (string Key, string Value)[] _settings =
    [
        ("MeshSignal:Authentication:Required", "true"), ("MeshSignal:Authentication:CookieName", "join"),
        ("MeshSignal:Authentication:Keys:0:Algorithm", "HS256"), ("MeshSignal:Authentication:Keys:0:Secret", Encoding.UTF8.GetString(Tokens.Secret)),
    ];

    [SetUp]
    public void RequireLibrary() => library.RequireInstalled();

    [Test]
    public async Task In_the_authorization_header_also_of_a_legacy_client()
    {
        await using var server = await RealServer.StartAsync(_settings);
        using var client = await library.OpenSocketAsync(server, new JsonObject { ["Authorization"] = $"Bearer {_alice}" }, "/");

        using var alice = await new TestPeer(client, Profile.Legacy).GreetedAsync(withChat: true);

        Assert.That(alice.Name, Is.EqualTo("alice"));
    }

    [Test]
    public async Task Beside_the_subprotocol_where_it_is_never_selected()
    {
        await using var server = await RealServer.StartAsync(_settings);
        using var client = await library.OpenSocketAsync(server, "/", $"bearer.{_alice}", V1);
        Assert.That(client.Opening.Text("protocol"), Is.EqualTo(V1));

        using var alice = await new TestPeer(client, Profile.V1).GreetedAsync(withChat: false);

        Assert.That(alice.Name, Is.EqualTo("alice"));
    }

    [Test]
    public async Task In_a_cookie_but_then_not_without_an_origin()
    {
        await using var server = await RealServer.StartAsync(_settings);
        var headers = new JsonObject { ["Cookie"] = $"theme=dark; join={_alice}" };
        using var refused = await library.OpenSocketAsync(server, headers, "/", V1);
        Assert.That(refused.Opening.Text("event"), Is.EqualTo("refused"));

        headers["Origin"] = $"http://127.0.0.1:{server.Port}";
        using var client = await library.OpenSocketAsync(server, headers, "/", V1);
        using var alice = await new TestPeer(client, Profile.V1).GreetedAsync(withChat: false);
        Assert.That(alice.Name, Is.EqualTo("alice"));
    }

    [Test]
    public async Task In_the_first_message()
    {
        await using var server = await RealServer.StartAsync(_settings);
        using var client = await library.OpenSocketAsync(server, "/", V1);
        using var alice = new TestPeer(client, Profile.V1);
        await alice.ExpectAsync(MessageTypes.HeartbeatConfig);

        await alice.SendRawAsync(JsonSerializer.Serialize(new { type = MessageTypes.Authenticate, credential = _alice }));

        await alice.GreetedAsync(withChat: false);
        Assert.That(alice.Name, Is.EqualTo("alice"));
    }

    [Test]
    public async Task But_never_in_the_url()
    {
        await using var server = await RealServer.StartAsync(_settings);
        using var client = await library.OpenSocketAsync(server, $"/?token={_alice}&access_token={_alice}&bearer={_alice}");
        using var alice = new TestPeer(client, Profile.Legacy);

        await alice.ExpectSystemAsync("Authentication required.");
        await alice.ExpectCloseAsync(CloseCode.BadToken);
    }

    [TestCase("Basic YWxpY2U6cGFzc3dvcmQ=")]
    [TestCase("Bearer")]
    [TestCase("Bearer ")]
    public async Task A_header_that_is_none_of_these_is_no_token(string header)
    {
        await using var server = await RealServer.StartAsync(_settings);
        using var client = await library.OpenSocketAsync(server, new JsonObject { ["Authorization"] = header }, "/");
        using var alice = new TestPeer(client, Profile.Legacy);

        Assert.That((await alice.ExpectAsync(MessageTypes.System)).Text("text"), Is.EqualTo("Authentication required.").Or.EqualTo("This is no credential that is good here."));
        await alice.ExpectCloseAsync(CloseCode.BadToken);
    }
}
