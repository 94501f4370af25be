using System.Net;
using MeshSignal.Server.Tools.Stun;

namespace MeshSignal.Tests.Tools;

/// <summary>What comes from a socket may be anything.</summary>
internal sealed class StunMessageTests
{
    [TestCase("198.51.100.7")]
    [TestCase("2001:db8::7")]
    public void What_is_written_can_be_read(string address)
    {
        var peer = new IPEndPoint(IPAddress.Parse(address), 50_123);
        var message = new StunMessage(StunMessage.CreatePermission, StunMessage.PeerAddress(peer), StunMessage.Text(StunMessage.Realm, "abc"));
        var read = StunMessage.Read(message.Write())!;
        Assert.That((read.Type, read.FindText(StunMessage.Realm)), Is.EqualTo((StunMessage.CreatePermission, "abc")));
        Assert.That(read.FindAddress(StunMessage.XorPeerAddress), Is.EqualTo(peer));
        Assert.That(read.Transaction, Is.EqualTo(message.Transaction));
    }

    /// <summary>RFC 5769 section 2.2, an answer with XOR-MAPPED-ADDRESS.</summary>
    [Test]
    public void The_published_answer_is_understood()
    {
        var bytes = Convert.FromHexString(
            "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
            + "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96");
        Assert.That(StunMessage.Read(bytes)!.FindAddress(StunMessage.XorMappedAddress), Is.EqualTo(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 32853)));
    }

    [Test]
    public void Damaged_messages_are_none_and_nothing_worse([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        var relayed = StunMessage.Address(StunMessage.XorRelayedAddress, new IPEndPoint(IPAddress.Loopback, 7));
        var whole = new StunMessage(StunMessage.Allocate, relayed, (StunMessage.ErrorCode, [0, 0, 4, 1])).Write();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = whole[..random.Next(whole.Length + 1)];
            for (var flips = random.Next(4); flips > 0 && bytes.Length > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var read = StunMessage.Read(bytes);
            _ = (read?.Code, read?.FindAddress(StunMessage.XorRelayedAddress), read?.FindText(StunMessage.Realm));
            Assert.That(read is null || bytes.Length == whole.Length || bytes.Length == 20 + (bytes[2] << 8) + bytes[3], $"seed {seed}, {i}");
        }
    }

    [Test]
    public void Only_the_answer_to_a_request_answers_it()
    {
        var request = new StunMessage(StunMessage.Allocate);
        Assert.That(StunMessage.Read(ScriptedTurn.Grant(request))!.Answers(request));
        Assert.That(StunMessage.Read(ScriptedTurn.Refuse(request, 486))!.Answers(request));
        Assert.That(request.Answers(request), Is.False, "itself");
        Assert.That(StunMessage.Read(ScriptedTurn.Grant(new StunMessage(StunMessage.Allocate)))!.Answers(request), Is.False, "another's");
        Assert.That(new StunMessage(StunMessage.Allocate | 0x110) { Transaction = request.Transaction }.Answers(request), Is.False, "an error that says none");
    }
}
