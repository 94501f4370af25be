using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Clients;

/// <summary>What the libraries make of the ways in which a socket ends: the code is seen, and is the right one.</summary>
[TestFixtureSource(typeof(Library), nameof(Library.All))]
internal sealed class CloseCodeTests(Library library)
{
    [SetUp]
    public void RequireLibrary() => library.RequireInstalled();

    [Test]
    public async Task Name_in_use()
    {
        await using var server = await RealServer.StartAsync();
        using var alice = await server.ConnectAsync("alice");
        await alice.ExpectNothingAsync();
        using var other = await library.OpenLegacyAsync(server, "ALICE");
        await other.ExpectSystemAsync("Username taken.");
        Assert.That(await other.ExpectCloseAsync(), Is.EqualTo(4510));
    }

    [Test]
    public async Task Name_that_is_none()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await library.OpenLegacyAsync(server, "a%20b");
        await peer.ExpectSystemAsync("Illegal username.");
        await peer.ExpectSystemAsync("Requirement: 3-20 characters alphanumeric.");
        Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo(4511));
    }

    [Test]
    public async Task Message_too_large()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await library.ConnectLegacyAsync(server, "alice");
        await peer.SendRawAsync(new string('x', 1 << 20));
        Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo(1009));
    }

    [Test]
    public async Task Binary_message()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await library.ConnectLegacyAsync(server, "alice");
        await ((ScriptedClient)peer.Socket).DoAsync("binary", "{}");
        Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo(1003));
    }

    [Test]
    public async Task Too_many_wrong_tokens()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await library.ConnectLegacyAsync(server, "alice");
        for (var i = 0; i < 20; i++)
            await peer.SendAsync(MessageTypes.Typing, new { token = "wrong" });
        Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo(4501));
    }

    [Test]
    public async Task Server_that_stops()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await library.ConnectLegacyAsync(server, "alice");
        var stop = server.StopAsync();
        Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo(1012));
        await stop.WaitAsync(TestPeer.Timeout);
    }

    [TestCase(1000)]
    [TestCase(4999)]
    public async Task Close_of_its_own(int code)
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await library.ConnectLegacyAsync(server, "alice");
        await ((ScriptedClient)peer.Socket).DoAsync("close", code);
        Assert.That(await peer.ExpectCloseAsync(), Is.EqualTo(code));
    }

    [Test]
    public async Task Ping_of_its_own()
    {
        await using var server = await RealServer.StartAsync();
        using var peer = await library.ConnectLegacyAsync(server, "alice");
        var client = (ScriptedClient)peer.Socket;
        await client.DoAsync("ping", "are you there?");
        var pong = await client.NextAsync();
        Assert.That((pong.Text("event"), pong.Text("text")), Is.EqualTo(("pong", "are you there?")));
    }

    [Test]
    public async Task Path_that_is_not_there()
    {
        await using var server = await RealServer.StartAsync();
        using var client = await library.OpenSocketAsync(server, "/nope");
        Assert.That(client.Opening.Text("event"), Is.EqualTo("refused"));
        Assert.That(client.Opening.ToString(), Does.Contain("404"));
    }
}
