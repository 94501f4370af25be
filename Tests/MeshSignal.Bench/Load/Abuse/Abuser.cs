using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace MeshSignal.Bench.Load.Abuse;

/// <summary>Somebody who tries to wear the server out in one way, is shown out, and comes back for more.</summary>
/// <param name="atATime">How many of them there are.</param>
/// <param name="pause">Before one comes back.</param>
/// <param name="from">Its address.</param>
/// <param name="ends">What it may get for it: close codes, or the status of a response.</param>
internal abstract class Abuser(string name, int atATime, TimeSpan pause, IPAddress from, params int[] ends)
{
    /// <summary>More than there are, so that each kind has addresses of its own.</summary>
    protected const int MostKinds = 10;

    private const int MostFaults = 10;

    /// <summary>As often as the server's default lets somebody in from one address: 20 times in 10 s.</summary>
    protected static readonly TimeSpan PauseOfOneAddress = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentQueue<string> _faults = new();
    private int _shownOut;

    public string Name => name;

    public IPAddress From => from;

    /// <summary>What was not as it should be.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>What it has done, and what it got for that.</summary>
    public string Text => $"{name}: {Deeds}; shown out with {string.Join(" or ", ends)}: {Volatile.Read(ref _shownOut)} times";

    protected abstract string Deeds { get; }

    /// <summary>Until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(Enumerable.Range(0, atATime).Select(number => RunAsync(number, cancel)));

    /// <summary>Once, to the end; gives the close code or the status.</summary>
    /// <param name="number">Which of them.</param>
    /// <param name="alias">A name that nobody has had.</param>
    protected abstract Task<int> AbuseAsync(int number, string alias, CancellationToken cancel);

    /// <summary>Does something to a peer's socket for as long as that is open; gives the code that it ends with.</summary>
    protected static async Task<int> UntilEndAsync(LightPeer peer, Func<Task> act, CancellationToken cancel)
    {
        var acting = GoOnAsync();
        try
        {
            return await peer.Ended.WaitAsync(cancel);
        }
        finally
        {
            peer.Dispose();
            await acting;
        }

        async Task GoOnAsync()
        {
            try
            {
                while (!peer.Ended.IsCompleted) await act();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // The end, seen from the sending side.
            }
        }
    }

    private async Task RunAsync(int number, CancellationToken cancel)
    {
        try
        {
            // One after the other, so that they do not all knock in the same moment.
            await Task.Delay(TimeSpan.FromSeconds(1) * number / atATime, TimeProvider.System, cancel);
            while (true)
            {
                try
                {
                    var end = await AbuseAsync(number, $"{name}-{Guid.NewGuid():N}"[..16], cancel);
                    if (ends.Contains(end)) Interlocked.Increment(ref _shownOut);
                    else Fault($"ended with {end}");
                }
                catch (Exception error) when (error is BenchException or SocketException or TimeoutException)
                {
                    Fault(error.Message);
                }

                await Task.Delay(pause, TimeProvider.System, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            // The end that was asked for.
        }
    }

    private void Fault(string what)
    {
        if (_faults.Count < MostFaults) _faults.Enqueue($"{name}: {what}");
    }
}
