using MeshSignal.Server.Ice;

namespace MeshSignal.Tests.Ice;

internal sealed class IceUrlTests
{
    [TestCase("stun:stun.example.org")]
    [TestCase("stun:stun.example.org:3478")]
    [TestCase("stun:192.0.2.7:1")]
    [TestCase("stun:[2001:db8::7]:65535")]
    public void A_STUN_server(string url)
    {
        Assert.That(IceUrl.IsStun(url), Is.True);
        Assert.That(IceUrl.IsTurn(url), Is.False);
    }

    [TestCase("turn:turn.example.org")]
    [TestCase("turns:turn.example.org:443")]
    [TestCase("turn:192.0.2.7?transport=udp")]
    [TestCase("turns:[2001:db8::7]:443?transport=tcp")]
    public void A_TURN_server(string url)
    {
        Assert.That(IceUrl.IsTurn(url), Is.True);
        Assert.That(IceUrl.IsStun(url), Is.False);
    }

    [TestCase("")]
    [TestCase("turn.example.org")]
    [TestCase("http://turn.example.org")]
    [TestCase("turn://turn.example.org")]
    [TestCase("stun:")]
    [TestCase("turn::3478")]
    [TestCase("turn:user@turn.example.org")]
    [TestCase("turn:turn.example.org:")]
    [TestCase("turn:turn.example.org:0")]
    [TestCase("turn:turn.example.org:65536")]
    [TestCase("turn:turn.example.org:123456")]
    [TestCase("turn:turn.example.org:٣٤٧٨")]
    [TestCase("turn:2001:db8::7")]
    [TestCase("turn:[2001:db8::7")]
    [TestCase("turn:turn.example.org/path")]
    [TestCase("turn:turn.example.org?transport=tls")]
    [TestCase("turn:turn.example.org?transport=")]
    [TestCase("turn:turn.example.org?x=1")]
    [TestCase("stun:stun.example.org?transport=udp")]
    [TestCase("stuns:stun.example.org")]
    [TestCase(" turn:turn.example.org")]
    [TestCase("turn:turn.example.org\n")]
    [TestCase("turn:turn example.org")]
    [TestCase("turn:tührn.example.org")]
    public void Neither(string url)
    {
        Assert.That(IceUrl.IsStun(url), Is.False);
        Assert.That(IceUrl.IsTurn(url), Is.False);
    }
}
