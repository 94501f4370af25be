using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

/// <summary>Who may not come in is told why, and then closed with a code that says whether to come back.</summary>
internal sealed class RefusalTests
{
    [Test]
    [TestCase("ab")]
    [TestCase("with space")]
    [TestCase("Zoë")]
    [TestCase("a/b/c")]
    public async Task An_illegal_name_gets_two_texts_and_4511(string username)
    {
        await using var server = await TestServer.StartAsync();
        using var peer = server.Open(new ConnectionRequest(Profile.Legacy, username));

        await peer.ExpectSystemAsync("Illegal username.");
        await peer.ExpectSystemAsync("Requirement: 3-20 characters alphanumeric.");
        await peer.ExpectCloseAfterNothingAsync(CloseCode.InvalidName);
    }

    [Test]
    public async Task An_illegal_name_gets_one_coded_error_in_v1()
    {
        await using var server = await TestServer.StartAsync();
        using var peer = server.Open(new ConnectionRequest(Profile.V1, "a b"));

        var error = await peer.ExpectErrorAsync(ErrorCode.InvalidName);
        Assert.That(error.GetProperty("retryable").GetBoolean(), Is.False);
        await peer.ExpectCloseAfterNothingAsync(CloseCode.InvalidName);
    }

    [Test]
    [TestCase("alice")]
    [TestCase("ALICE")]
    [TestCase("A1ice")]
    [TestCase("AlIce")]
    public async Task A_name_in_use_is_taken_whatever_its_case_and_look(string username)
    {
        await using var server = await TestServer.StartAsync();
        using var alice = await server.ConnectLegacyAsync("Alice");
        using var other = server.Open(new ConnectionRequest(Profile.Legacy, username));

        await other.ExpectSystemAsync("Username taken.");
        await other.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);
        await alice.ExpectNothingAsync();
    }

    [Test]
    [TestCase("system")]
    [TestCase("Server")]
    [TestCase("ADMIN")]
    [TestCase("adm1n")]
    [TestCase("r00t")]
    public async Task A_reserved_name_is_refused_like_one_in_use(string username)
    {
        await using var server = await TestServer.StartAsync();
        using var legacy = server.Open(new ConnectionRequest(Profile.Legacy, username));
        using var v1 = server.Open(new ConnectionRequest(Profile.V1, username));

        await legacy.ExpectSystemAsync("Username taken.");
        await legacy.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);
        await v1.ExpectErrorAsync(ErrorCode.NameTaken);
        await v1.ExpectCloseAfterNothingAsync(CloseCode.NameTaken);
    }

    [Test]
    public async Task A_room_that_is_no_name_is_refused_with_4511()
    {
        await using var server = await TestServer.StartAsync();
        using var legacy = server.Open(new ConnectionRequest(Profile.Legacy, "Alice", "no room"));
        using var v1 = server.Open(new ConnectionRequest(Profile.V1, "Alice", new string('r', 65)));

        Assert.That((await legacy.ExpectAsync(MessageTypes.System)).Text("text"), Does.StartWith("Illegal room name. "));
        await legacy.ExpectCloseAfterNothingAsync(CloseCode.InvalidName);
        await v1.ExpectErrorAsync(ErrorCode.InvalidRoom);
        await v1.ExpectCloseAfterNothingAsync(CloseCode.InvalidName);
    }

    [Test]
    public async Task The_name_of_one_who_has_left_is_free_again()
    {
        await using var server = await TestServer.StartAsync();
        using (var alice = await server.ConnectLegacyAsync("Alice"))
        {
            await alice.CloseAsync();
            await alice.ExpectCloseAsync();
        }

        using var again = await server.ConnectAsync("alice");

        Assert.That(again.Name, Is.EqualTo("alice"));
    }

    [Test]
    public async Task A_refused_client_leaves_no_session_behind_whatever_it_still_sends()
    {
        await using var server = await TestServer.StartAsync();
        using var peer = server.Open(new ConnectionRequest(Profile.V1, "a b"));

        await peer.SendAsync(MessageTypes.Join);
        await peer.SendAsync(MessageTypes.Ping);

        await peer.ExpectErrorAsync(ErrorCode.InvalidName);
        await peer.ExpectCloseAfterNothingAsync(CloseCode.InvalidName);
        Assert.That(server.Get<SessionStore>().Count, Is.Zero);
    }
}
