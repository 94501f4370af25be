using MeshSignal.Server.Transport.Fleck;

namespace MeshSignal.Server.Transport;

/// <summary>This folder is compiled only with <c>-p:Fleck=true</c>; so is the other half of this class.</summary>
internal static partial class Framings
{
    static partial void AddFleck(Dictionary<Framing, SocketOpener> openers) =>
        openers[Framing.Fleck] = static (pipe, headers, time, abort) => new FleckSocket(pipe, headers, time, abort);
}
