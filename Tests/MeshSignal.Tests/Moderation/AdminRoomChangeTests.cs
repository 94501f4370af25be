using MeshSignal.Protocol;
using MeshSignal.Tests.Rooms;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Moderation;

/// <summary>Whether calls are relayed, changed over the admin API while one runs.</summary>
internal sealed class AdminRoomChangeTests
{
    private static readonly (string, string)[] Settings = RelayRoom.SettingsWith(("MeshSignal:Calls:ForceRelay", "false"));

    [Test]
    public async Task A_change_holds_when_it_is_answered_and_is_logged_and_a_second_one_changes_nothing()
    {
        await using var server = await AdminClient.StartAsync(Settings);
        using var admin = new AdminClient(server);
        using var alice = await server.ConnectAsync("alice");
        await alice.JoinAsync("demo");

        foreach (var isNew in new[] { true, false })
        {
            var answer = await admin.SendAsync("PATCH", "/admin/rooms/demo", """{"forceRelay":true}""");
            Assert.That((answer.Status, answer.Type, answer.Headers.CacheControl!.NoStore), Is.EqualTo((200, "application/json", true)), $"{answer.Body}");
            Assert.That((answer.Body.Text("room"), answer.Body.GetProperty("forceRelay").GetBoolean(), answer.Body.GetProperty("changed").GetBoolean()), Is.EqualTo(("demo", true, isNew)));
            Assert.That(answer.Body.GetProperty("peers").GetArrayLength(), Is.EqualTo(1));
        }

        await alice.ExpectAsync(MessageTypes.PolicyChanged);
        await alice.ExpectNothingAsync();
        Assert.That((await admin.SendAsync("GET", "/admin/rooms/demo")).Body.GetProperty("forceRelay").GetBoolean(), Is.True);
        Assert.That(server.Log.Lines, Has.Exactly(1).StartsWith("Room demo: relays are forced, by admin"));
        await admin.SendAsync("PATCH", "/admin/rooms/demo", """{"forceRelay":false}""");
        Assert.That(server.Log.Lines, Has.Exactly(1).StartsWith("Room demo: relays are forced no more, by admin"));
    }

    [TestCase("/admin/rooms/demo", "", 400, "Bad Request", "It goes wrong at $.")]
    [TestCase("/admin/rooms/demo", "null", 400, "Bad Request", "must be a JSON object")]
    [TestCase("/admin/rooms/demo", "true", 400, "Bad Request", "It goes wrong at $.")]
    [TestCase("/admin/rooms/demo", "{}", 400, "Bad Request", "forceRelay is needed")]
    [TestCase("/admin/rooms/demo", """{"forceRelay":null}""", 400, "Bad Request", "forceRelay is needed")]
    [TestCase("/admin/rooms/demo", """{"forceRelay":"true"}""", 400, "Bad Request", "$.forceRelay")]
    [TestCase("/admin/rooms/demo", """{"forceRelay":1}""", 400, "Bad Request", "$.forceRelay")]
    [TestCase("/admin/rooms/demo", """{"ForceRelay":true}""", 400, "Bad Request", "$.ForceRelay")]
    [TestCase("/admin/rooms/demo", """{"forceRelay":true,"forceRelay":true}""", 400, "Bad Request", "It goes wrong at ")]
    [TestCase("/admin/rooms/demo", """{"forceRelay":true,"maxParticipants":2}""", 400, "Bad Request", "$.maxParticipants")]
    [TestCase("/admin/rooms/demo", """{"forceRelay":true} x""", 400, "Bad Request", "It goes wrong at ")]
    [TestCase("/admin/rooms/nobody-there", """{"forceRelay":true}""", 404, "Not Found", "Nobody is in a room")]
    [TestCase("/admin/rooms/a%20b", """{"forceRelay":true}""", 404, "Not Found", "Nobody is in a room")]
    [TestCase("/admin/rooms", """{"forceRelay":true}""", 405, "Method Not Allowed", null)]
    public async Task What_cannot_be_done_is_a_problem_and_changes_nothing(string path, string body, int status, string title, string? detail)
    {
        await using var server = await AdminClient.StartAsync(Settings);
        using var admin = new AdminClient(server);
        using var alice = await server.ConnectAsync("alice");
        await alice.JoinAsync("demo");

        (await admin.SendAsync("PATCH", path, body)).IsProblem(status, title, detail);

        await alice.ExpectNothingAsync();
    }

    [Test]
    public async Task A_body_that_is_too_large_or_no_json_is_refused()
    {
        await using var server = await AdminClient.StartAsync(Settings);
        using var admin = new AdminClient(server);
        (await admin.SendAsync("PATCH", "/admin/rooms/demo", new string(' ', 16 * 1024) + "{}")).IsProblem(413, "Payload Too Large");
        (await admin.SendAsync("PATCH", "/admin/rooms/demo", """{"forceRelay":true}""", "text/plain")).IsProblem(415, "Unsupported Media Type", "application/json");
    }

    [Test]
    public async Task Without_a_relay_none_can_be_forced()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        using var alice = await server.ConnectAsync("alice");
        await alice.JoinAsync("demo");
        (await admin.SendAsync("PATCH", "/admin/rooms/demo", """{"forceRelay":true}""")).IsProblem(409, "Conflict", "There is no TURN server");
        Assert.That((await admin.SendAsync("PATCH", "/admin/rooms/demo", """{"forceRelay":false}""")).Body.GetProperty("changed").GetBoolean(), Is.False);
        await alice.ExpectNothingAsync();
    }
}
