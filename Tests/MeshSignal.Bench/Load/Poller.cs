using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MeshSignal.Bench.Load;

/// <summary>Level-triggered epoll: one thread serves all connections, and it costs the same with a hundred silent ones as with none.</summary>
internal sealed partial class Poller : IDisposable
{
    private const uint Readable = 1;
    private const int Add = 1;
    private const int BatchSize = 64;

    // struct epoll_event is packed on x86 (the number of the connection right behind the event mask) and aligned elsewhere.
    private static readonly bool Packed = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86;
    private static readonly int Stride = Packed ? 3 : 4;
    private static readonly int Number = Packed ? 1 : 2;

    private readonly int _descriptor;
    private readonly uint[] _events = new uint[BatchSize * Stride];

    public Poller(IReadOnlyList<LoadPeer> peers)
    {
        _descriptor = Checked(epoll_create1(0));
        for (var i = 0; i < peers.Count; i++)
        {
            var entry = new uint[Stride];
            (entry[0], entry[Number]) = (Readable, (uint)i);
            Checked(epoll_ctl(_descriptor, Add, peers[i].Wire.Descriptor, entry));
        }
    }

    /// <summary>Waits for connections that have something to read; <see cref="Index"/> names them.</summary>
    public int Wait(int timeoutMilliseconds)
    {
        const int interruptedBySignal = 4;
        var count = epoll_wait(_descriptor, _events, BatchSize, timeoutMilliseconds);
        return count < 0 && Marshal.GetLastPInvokeError() == interruptedBySignal ? 0 : Checked(count);
    }

    public int Index(int ready) => (int)_events[(ready * Stride) + Number];

    public void Dispose() => _ = close(_descriptor);

    private static int Checked(int result) => result < 0 ? throw new Win32Exception(Marshal.GetLastPInvokeError()) : result;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int poller, int operation, int descriptor, [In] uint[] entry);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int poller, [In, Out] uint[] events, int capacity, int timeout);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
