using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Rooms;

/// <summary>One stay of one session in one room. Its name cannot change while it lasts.</summary>
internal sealed class Peer(Session session, Room room, PeerId? previousPeerId, MediaTypes mediaTypes)
{
    private readonly Dictionary<Peer, CandidateHold> _holds = []; // Guarded by the room's lock.

    public PeerId Id { get; } = PeerId.New();

    public Session Session => session;

    public Room Room => room;

    public Username Username { get; } = session.Username;

    /// <summary>The stay that this one continues, as the peer says.</summary>
    public PeerId? PreviousPeerId => previousPeerId;

    /// <summary>Guarded by the room's lock.</summary>
    public MediaTypes MediaTypes { get; set; } = mediaTypes;

    /// <summary>What this peer has sent to another, and what of it is held.</summary>
    public CandidateHold HoldFor(Peer other)
    {
        if (!_holds.TryGetValue(other, out var hold))
            _holds.Add(other, hold = new CandidateHold());
        return hold;
    }

    /// <summary>The other has left. Gives what was still held for it.</summary>
    public IReadOnlyList<HeldCandidate> Forget(Peer other) => _holds.Remove(other, out var hold) ? hold.TakeAll() : [];

    public IEnumerable<HeldCandidate> TakeExpired(TimeProvider time) => _holds.Values.SelectMany(hold => hold.TakeExpired(time));
}
