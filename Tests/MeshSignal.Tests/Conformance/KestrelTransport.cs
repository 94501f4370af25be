using MeshSignal.Server.Transport;

namespace MeshSignal.Tests.Conformance;

/// <summary>The default.</summary>
internal sealed class KestrelTransport() : UpgradedTransport(Framing.Kestrel)
{
    /// <summary>An empty read waits for data without a buffer to put it in.</summary>
    [Test]
    public void Nothing_is_buffered_for_a_peer_that_is_silent() => Assert.That(BytesTakenInSilence().Waiting, Is.LessThan(1024));
}
