using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Sessions;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Authentication;

/// <summary>Join tokens that are good for one session (<c>jti</c>).</summary>
internal sealed class SingleUseTests
{
    [Test]
    public async Task One_for_a_single_session_opens_no_second_but_the_next_of_the_same_client()
    {
        await using var server = await TestServer.StartAsync(Logins.Key);
        var token = Logins.Token("""{"sub":"1","name":"alice","jti":"j1"}""");
        using var alice = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await alice.GreetedAsync(withChat: false);

        using var thief = server.Open(new ConnectionRequest(Profile.V1, Credential: token));
        await thief.ExpectErrorAsync(ErrorCode.NotAuthenticated);
        await alice.ExpectNothingAsync();

        using var reloaded = server.Open(new ConnectionRequest(Profile.V1, Former: new FormerSession(alice.Token, null), Credential: token));
        await reloaded.ExpectNewAsync("released");
        Assert.That(reloaded.Name, Is.EqualTo("alice"));
    }
}
