using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;

namespace MeshSignal.Server.Tools.Checks;

/// <summary>In plain words: in which rooms peers learn each other's addresses.</summary>
internal static class RelayCheck
{
    public static IEnumerable<Finding> Run(MeshSignalOptions options)
    {
        var calls = options.Calls;
        if (!calls.Enabled)
        {
            yield return Finding.Ok("Calls are off (Calls:Enabled).");
            yield break;
        }

        var isForcedAnywhere = calls.ForceRelay || calls.Rooms.Exists(static room => room.ForceRelay == true);
        foreach (var room in calls.Rooms)
            yield return Finding.Ok($"Rooms {room.Pattern}: {Text(room.ForceRelay ?? calls.ForceRelay)}");

        var others = $"{(calls.Rooms.Count == 0 ? "All rooms" : "All other rooms")}: {Text(calls.ForceRelay)}";
        yield return !isForcedAnywhere && HasTurn(options.Ice) ? Finding.Note($"{others} There is a TURN server: Calls:ForceRelay would keep the addresses "
            + $"apart.") : Finding.Ok(others);

        if (isForcedAnywhere && options.Ice.TrustRelayCandidateType)
            yield return Finding.Note("Ice:TrustRelayCandidateType: a client that lies can still have others connect to it directly, and learn their "
                + "addresses. Better is Ice:RelayRanges alone.");
    }

    private static bool HasTurn(IceOptions ice) => ice.TurnUrls.Count > 0 || ice.StaticServers.Exists(static server => server.Urls.Exists(IceUrl.IsTurn));

    private static string Text(bool isRelayed) => isRelayed ? "calls go through a relay, and no address passes."
        : "calls go directly where they can, so peers learn each other's addresses.";
}
