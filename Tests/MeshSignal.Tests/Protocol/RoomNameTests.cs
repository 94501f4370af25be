using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Protocol;

internal sealed class RoomNameTests
{
    [TestCase(0, false)]
    [TestCase(1, true)]
    [TestCase(64, true)]
    [TestCase(65, false)]
    public void A_room_name_has_one_to_64_characters(int length, bool expected) =>
        Assert.That(RoomName.TryParse(new string('r', length), out _), Is.EqualTo(expected));

    [Test]
    public void Room_names_differ_in_case() => Assert.That(Valid.Room("Standup"), Is.Not.EqualTo(Valid.Room("standup")));

    [Test]
    public void The_lobby_is_a_room_name_like_any()
    {
        Assert.That(RoomName.TryParse("lobby", out var lobby));
        Assert.That(lobby, Is.EqualTo(RoomName.Lobby));
    }

    [Test]
    public void No_text_is_no_room_name() => Assert.That(RoomName.TryParse(null, out _), Is.False);
}
