using System.Runtime.InteropServices;

/// <summary>
/// Runs inside a server that is started with <c>DOTNET_STARTUP_HOOKS</c> (which wants this name, without a namespace), and prints at SIGUSR1 what the garbage collector has
/// done so far: nobody else could tell from outside without a package for it.
/// </summary>
#pragma warning disable CA1050, MA0047, MA0182 // The runtime looks for it by this name, and nobody here uses it.
internal static class StartupHook
#pragma warning restore CA1050, MA0047, MA0182
{
    public const string Prefix = "collector:";
    private const PosixSignal UserSignal = (PosixSignal)10;

    private static PosixSignalRegistration? _registration;

    public static void Initialize() => _registration = PosixSignalRegistration.Create(UserSignal, static context =>
    {
        context.Cancel = true;
        Console.Error.WriteLine($"{Prefix} {GC.CollectionCount(0)} {GC.CollectionCount(1)} {GC.CollectionCount(2)} {GC.GetTotalAllocatedBytes()} {GC.GetTotalPauseDuration().Ticks}");
    });
}
