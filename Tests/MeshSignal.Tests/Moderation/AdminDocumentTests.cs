using System.Text.Json;
using MeshSignal.Server.Http;
using MeshSignal.Server.Moderation;
using MeshSignal.Tests.Protocol;

namespace MeshSignal.Tests.Moderation;

/// <summary>What PROTOCOL.md says of the admin API, against what it does.</summary>
internal sealed class AdminDocumentTests
{
    private readonly JsonElement[] _examples = [.. new ProtocolDocument().Examples.Where(example => example.Sender == "http").Skip(1).Select(example => JsonElement.Parse(example.Json))];

    [Test]
    public async Task The_ban_that_is_asked_for_can_be_made()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        Assert.That((await admin.BanAsync(_examples[4].GetRawText())).Status, Is.EqualTo(201));
    }

    [Test]
    public void The_bans_that_are_listed_are_such()
    {
        foreach (var example in _examples[3].GetProperty("bans").EnumerateArray())
        {
            var entry = example.Deserialize(AdminJsonContext.Default.BanEntry);
            Assert.That(JsonSerializer.Serialize(BanEntry.Of(entry!.ToBan()!), AdminJsonContext.Default.BanEntry), Is.EqualTo(JsonSerializer.Serialize(example)));
        }
    }

    [Test]
    public async Task The_rooms_have_the_members_that_are_sent()
    {
        await using var server = await AdminClient.StartAsync();
        using var admin = new AdminClient(server);
        using var alice = await server.ConnectAsync("alice");
        await alice.JoinAsync("demo");
        var (list, room) = ((await admin.SendAsync("GET", "/admin/rooms")).Body, (await admin.SendAsync("GET", "/admin/rooms/demo")).Body);

        Assert.That(Members(_examples[0].GetProperty("rooms")[0]), Is.EqualTo(Members(list.GetProperty("rooms")[0])));
        Assert.That(Members(_examples[1]), Is.EqualTo(Members(room)));
        foreach (var peer in _examples[1].GetProperty("peers").EnumerateArray())
            Assert.That(Members(peer), Is.EqualTo(Members(room.GetProperty("peers")[0])));
    }

    [Test]
    public void The_change_of_a_room_can_be_read() =>
        Assert.That(_examples[2].Deserialize(AdminJsonContext.Default.AdminRoomChange), Is.EqualTo(new AdminRoomChange(true)));

    private static IEnumerable<string> Members(JsonElement element) => element.EnumerateObject().Select(member => member.Name);
}
