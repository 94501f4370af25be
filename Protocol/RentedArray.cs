using System.Buffers;

namespace MeshSignal.Protocol;

/// <summary>
/// An array of the pool that several hold at a time: it goes back when the last of them lets go. Who forgets to let go costs the pool an array, which the garbage collector takes;
/// who lets go twice would give somebody else's message away, so that is a fault.
/// </summary>
/// <param name="length">In bytes.</param>
public sealed class RentedArray(int length)
{
    private readonly byte[] _bytes = ArrayPool<byte>.Shared.Rent(length);
    private int _holders = 1;

    /// <summary>At least as long as was asked for, and not cleared.</summary>
    public Memory<byte> Bytes => _bytes;

    /// <summary>For one more holder.</summary>
    /// <exception cref="InvalidOperationException">It has gone back already.</exception>
    public void Hold()
    {
        if (Interlocked.Increment(ref _holders) <= 1)
            throw new InvalidOperationException("Nobody holds this array any more.");
    }

    /// <summary>By one of the holders, who looks at it no more.</summary>
    /// <exception cref="InvalidOperationException">It has gone back already.</exception>
    public void LetGo()
    {
        var holders = Interlocked.Decrement(ref _holders);
        if (holders < 0)
            throw new InvalidOperationException("Somebody has let go of this array twice.");
        if (holders > 0)
            return;

        // Far below zero, so that no later mistake, caught or not, can bring it to zero once more and the array back a second time.
        Volatile.Write(ref _holders, int.MinValue / 2);
        ArrayPool<byte>.Shared.Return(_bytes);
    }
}
