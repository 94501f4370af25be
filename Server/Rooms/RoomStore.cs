using System.Collections.Concurrent;
using MeshSignal.Protocol;
using MeshSignal.Server.Cluster;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Routing;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Rooms;

/// <summary>The rooms in which somebody is.</summary>
internal sealed class RoomStore(
    ICluster cluster, IceRelayPolicy relayPolicy, IceServerProvider iceServers, CallOptions options, TimeProvider time, ILogger<Courier> log)
{
    private readonly ConcurrentDictionary<RoomName, Room> _rooms = new();

    /// <summary>Everybody in a call.</summary>
    public int PeerCount => _rooms.Sum(entry => entry.Value.Count);

    public int Count => _rooms.Count;

    public IEnumerable<Room> All => _rooms.Select(entry => entry.Value);

    /// <summary>Null if nobody is in it.</summary>
    public Room? Find(RoomName name) => _rooms.GetValueOrDefault(name);

    public Reply Join(Session session, RoomName name, MediaTypes mediaTypes, JoinMessage request)
    {
        while (true)
        {
            // Between the look-up and the joining the last one may have left; the store then holds a new room, or none.
            // A few more may come into being at the same moment; nobody minds.
            if (_rooms.Count >= options.MaxRooms && !_rooms.ContainsKey(name))
                return new Refusal(ErrorCode.RoomLimit);
            var room = _rooms.GetOrAdd(name, static (name, store) => store.NewRoom(name), this);
            if (room.TryJoin(session, mediaTypes, request) is { } reply)
                return reply;
        }
    }

    public void Leave(Peer peer, LeaveReason reason, LeaveMessage? request = null)
    {
        if (peer.Room.Leave(peer, reason, request))
            _rooms.TryRemove(KeyValuePair.Create(peer.Room.Name, peer.Room));
    }

    /// <summary>Called every second.</summary>
    public void KeepUp()
    {
        foreach (var (_, room) in _rooms)
            room.KeepUp();
    }

    private Room NewRoom(RoomName name)
    {
        var policy = RoomPolicy.For(name, options);
        var courier = new Courier(cluster, policy.ForceRelay ? relayPolicy : null, time, log);
        return new Room(name, policy, cluster, courier, iceServers, options, time);
    }
}
