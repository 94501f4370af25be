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

    public Reply Join(Session session, RoomName name, JoinMessage request)
    {
        // Elsewhere than in the rooms that force it nobody has asked yet whether the policy could pass anything.
        if (session.Identity.MustRelay && !relayPolicy.CanRelay)
            return new Refusal(ErrorCode.RelayUnavailable) { Text = "Your calls must go through a relay, and this server has none" };

        while (true)
        {
            // Between the look-up and the joining the last one may have left; the store then holds a new room, or none.
            // A few more may come into being at the same moment; nobody minds.
            if (_rooms.Count >= options.MaxRooms && !_rooms.ContainsKey(name))
                return new Refusal(ErrorCode.RoomLimit);
            var room = _rooms.GetOrAdd(name, static (name, store) => store.NewRoom(name), this);
            if (room.TryJoin(session, request) is not { } reply)
                continue;

            // One that was made for nobody.
            if (reply.Refusal is not null && room.TryForget())
                Remove(room);
            return reply;
        }
    }

    public void Leave(Peer peer, LeaveReason reason, LeaveMessage? request = null)
    {
        if (peer.Room.Leave(peer, reason, request))
            Remove(peer.Room);
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
        return new Room(name, policy, cluster, new Courier(cluster, relayPolicy, time, log), iceServers, time);
    }

    private void Remove(Room room) => _rooms.TryRemove(KeyValuePair.Create(room.Name, room));
}
