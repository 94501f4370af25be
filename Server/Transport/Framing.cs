namespace MeshSignal.Server.Transport;

/// <summary>Who reads and writes the frames of the sockets.</summary>
internal enum Framing
{
    /// <summary>System.Net.WebSockets, on Kestrel: see <see cref="Transport.Kestrel.GuardedWebSocket"/>.</summary>
    Kestrel,

    /// <summary>The package of that name, on Kestrel all the same; only in a build with <c>-p:Fleck=true</c>.</summary>
    Fleck,
}
