using System.Runtime.InteropServices;

namespace MeshSignal.Server.Hosting;

/// <summary>The first signal to end lets the peers go in good order, which takes a while. The host takes no notice of a second one; here it ends the process at once.</summary>
internal sealed class SecondSignal : IDisposable
{
    // What a shell reports for a process that a signal has ended: 128 and the signal's number.
    private const int ExitCodeBase = 128;

    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    private SecondSignal() => _registrations =
        [PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Count(context, 15)), PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Count(context, 2))];

    public static SecondSignal Watch() => new();

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
    }

    private void Count(PosixSignalContext context, int number)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _count) > 1)
            Environment.Exit(ExitCodeBase + number);
    }
}
