using MeshSignal.Protocol;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Rooms;

/// <summary>One stay of one session in one room. Its name cannot change while it lasts.</summary>
internal sealed class Peer(Session session, Room room, RoomPolicy policy, JoinMessage request, TimeProvider time)
{
    private readonly bool _isBound = session.Identity.MustRelay;

    public PeerId Id { get; } = PeerId.New();

    public Session Session => session;

    public Room Room => room;

    public Username Username { get; } = session.Username;

    /// <summary>When the stay began.</summary>
    public DateTimeOffset JoinedAt { get; } = time.GetUtcNow();

    /// <summary>The stay that this one continues, as the peer says.</summary>
    public PeerId? PreviousPeerId { get; } = request.PreviousPeerId;

    /// <summary>What it may send: what the room allows to all, and its identity to it.</summary>
    public MediaTypes AllowedMedia { get; } = policy.Media & session.Identity.Media;

    /// <summary>Whether what it tells others, and they tell it, is under the relay policy. Guarded by the room's lock.</summary>
    public bool MustRelay { get; private set; } = policy.ForceRelay || session.Identity.MustRelay;

    /// <summary>What it says that it sends, nothing beyond what it may. Guarded by the room's lock.</summary>
    public MediaTypes MediaTypes { get; set; } = (request.MediaTypes ?? MediaTypes.Audio) & policy.Media & session.Identity.Media;

    /// <summary>Whether its socket is there, or waited for. Guarded by the room's lock.</summary>
    public PeerStatus Status { get; set; }

    /// <summary>Since when it has been as it is, as a timestamp of the <see cref="TimeProvider"/>. Guarded by the room's lock.</summary>
    public long StatusSince { get; set; }

    /// <summary>One for each other peer that it has sent something to. Guarded by the room's lock.</summary>
    public Dictionary<Peer, CandidateHold> Holds { get; } = [];

    /// <summary>Guarded by the room's lock.</summary>
    public RelayReport RelayReport { get; } = new(time);

    /// <summary>When its ICE servers are told anew, as a timestamp of the <see cref="TimeProvider"/>; null if never. Guarded by the room's lock.</summary>
    public long? IceServersDueAt { get; set; }

    /// <summary>How often it asks for ICE servers.</summary>
    public SlidingCount IceServerRequests { get; } = new(5, TimeSpan.FromSeconds(10), time);

    /// <summary>The room forces relays from now on, or no more. Whoever must use one for what its identity said when it joined must go on.</summary>
    public void Follow(bool forceRelay)
    {
        if (MustRelay == (forceRelay || _isBound))
            return;

        MustRelay = !MustRelay;
        RelayReport.BeginAnew(Holds.Where(static hold => hold.Value.IsDescribed).Select(static hold => hold.Key));
    }

    /// <summary>What this peer has sent to another, and what of it is held.</summary>
    public CandidateHold HoldFor(Peer other)
    {
        if (!Holds.TryGetValue(other, out var hold))
            Holds.Add(other, hold = new CandidateHold());
        return hold;
    }

    /// <summary>The other has left. Gives what was still held for it.</summary>
    public IReadOnlyList<HeldCandidate> Forget(Peer other) => Holds.Remove(other, out var hold) ? hold.TakeAll() : [];
}
