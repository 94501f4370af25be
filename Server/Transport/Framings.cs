using System.IO.Pipelines;
using MeshSignal.Server.Transport.Kestrel;

namespace MeshSignal.Server.Transport;

/// <summary>Makes the socket of an upgraded connection: parameters as of <see cref="GuardedSocket"/>.</summary>
internal delegate GuardedSocket SocketOpener(IDuplexPipe pipe, FrameHeaders headers, TimeProvider time, Action abort);

/// <summary>The framings that were compiled in: <c>Server/Transport/Fleck</c> adds its own, in a build that has it. Nothing else knows that there are several.</summary>
internal static partial class Framings
{
    private static readonly Dictionary<Framing, SocketOpener> Openers = FindOpeners();

    public static bool Has(Framing framing) => Openers.ContainsKey(framing);

    /// <exception cref="KeyNotFoundException">It was not compiled in, which ends the start of a server.</exception>
    public static SocketOpener Opener(Framing framing) => Openers[framing];

    private static Dictionary<Framing, SocketOpener> FindOpeners()
    {
        var openers = new Dictionary<Framing, SocketOpener>
        {
            [Framing.Kestrel] = static (pipe, headers, time, abort) => new GuardedWebSocket(pipe, headers, time, abort),
        };
        AddFleck(openers);
        return openers;
    }

    /// <summary>Does nothing in a build without it.</summary>
    static partial void AddFleck(Dictionary<Framing, SocketOpener> openers);
}
