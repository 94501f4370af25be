using Fleck;
using MeshSignal.Server.Transport;

namespace MeshSignal.Tests.Conformance;

/// <summary>Compiled only with <c>-p:Fleck=true</c>, with which all tests on real sockets are on Fleck, too: see <see cref="Support.TestFraming"/>.</summary>
internal sealed class FleckTransport() : UpgradedTransport(Framing.Fleck)
{
    /// <summary>A known gap: the seam wants none. Fleck also keeps what its largest message has needed.</summary>
    [Test]
    public void A_buffer_is_held_for_a_peer_that_is_silent() => Assert.That(BytesTakenInSilence().Opening, Is.GreaterThan(4096));

    /// <summary>They are the whole process's.</summary>
    [Test]
    public async Task Settings_of_Flecks_log_are_as_they_were()
    {
        var action = FleckLog.LogAction;
        await using (await OpenAsync())
            Assert.That((FleckLog.Level, FleckLog.LogAction), Is.EqualTo((LogLevel.Info, action)));
    }
}
