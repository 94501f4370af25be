using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Authentication;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Rooms;

/// <summary>Whoever looks for rooms by trying names learns little, and that slowly.</summary>
internal sealed class RoomGuessTests
{
    private const int Guesses = 10;

    [Test]
    public async Task After_ten_rooms_that_are_forbidden_each_further_one_has_to_wait_a_second()
    {
        await using var server = await TestServer.StartAsync([Budgets.Default, .. Logins.Key]);
        using var mallory = server.Open(new ConnectionRequest(Profile.V1, "mallory", "demo", Credential: Logins.Token("""{"sub":"1","rooms":["demo"]}""")));
        await mallory.GreetedAsync(withChat: false);

        for (var i = 0; i < 2 * Guesses; i++)
            await mallory.SendAsync(MessageTypes.Join, new { id = i, room = $"secret-{i}" });
        for (var i = 0; i < Guesses; i++)
            await mallory.ExpectErrorAsync(ErrorCode.Forbidden, i);
        for (var i = Guesses; i < 2 * Guesses; i++)
            Assert.That((await mallory.ExpectErrorAsync(ErrorCode.RateLimited, i)).GetProperty("retryAfterMs").GetInt32(), Is.EqualTo(1000));

        server.Advance(TimeSpan.FromSeconds(1), mallory);
        await mallory.SendAsync(MessageTypes.Join, new { id = 20, room = "demo" });
        await mallory.ExpectAsync(MessageTypes.Joined);
    }

    [Test]
    public async Task After_ten_rooms_that_were_entered_the_next_one_has_to_wait_and_all_else_has_not()
    {
        await using var server = await TestServer.StartAsync(Budgets.Default);
        using var mallory = await server.ConnectAsync("mallory");
        for (var i = 0; i < Guesses; i++)
        {
            await mallory.JoinAsync($"room-{i}");
            await mallory.LeaveAsync();
            await mallory.ExpectAsync(MessageTypes.Left);
        }

        await mallory.SendAsync(MessageTypes.Join, new { id = 1, room = "one-more" });
        await mallory.ExpectErrorAsync(ErrorCode.RateLimited, 1);
        await mallory.SendAsync(MessageTypes.Leave, new { id = 2 });
        await mallory.ExpectErrorAsync(ErrorCode.NotJoined, 2);
    }
}
