using System.ComponentModel;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using MeshSignal.Bench;
using MeshSignal.Bench.Micro;
using MeshSignal.Bench.Scenarios;
using MeshSignal.Bench.Servers;

return args switch
{
    ["relay", .. var rest] => Measure(RelayScenario.Run, rest),
    ["idle", .. var rest] => Measure(IdleScenario.Run, rest),
    ["storm", .. var rest] => Measure(StormScenario.Run, rest),
    ["flat", .. var rest] => Measure(FlatScenario.Run, rest),
    ["steady", .. var rest] => Measure(SteadyScenario.Run, rest),
    ["start", .. var rest] => Measure(StartScenario.Run, rest),
    ["framing", .. var rest] => Measure(FramingScenario.Run, rest),
    ["scan", .. var rest] => Measure(ScanScenario.Run, rest),
    ["micro", .. var rest] => Measure(MicroScenario.Run, rest),
    ["filter", .. var rest] => Measure(FilterScenario.Run, rest),
    ["cuts", .. var rest] => Measure(CutsScenario.Run, rest),
    ["drain", .. var rest] => Measure(DrainScenario.Run, rest),
    ["comeback", .. var rest] => Measure(ComebackScenario.Run, rest),
    ["slow", .. var rest] => Measure(SlowScenario.Run, rest),
    ["abuse", .. var rest] => Measure(AbuseScenario.Run, rest),
    ["soak", .. var rest] => Measure(SoakScenario.Run, rest),
    ["fuzz", var seed, .. var rest] when int.TryParse(seed, NumberStyles.None, CultureInfo.InvariantCulture, out var number) =>
        Measure((options, cancel) => FuzzScenario.Run(number, options, cancel), rest),
    ["fuzz", .. var rest] => Measure((options, cancel) => FuzzScenario.Run(1, options, cancel), rest),
    // Hidden: this is how the bench starts its own .NET echo as a process of its own.
    ["serve-echo", var port] => DotnetEcho.Serve(port),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine($"usage: relay | idle | storm | flat | steady | start | framing | scan | micro | filter | cuts | drain | comeback | slow | abuse | soak | fuzz [SEED] {BenchOptions.Usage}");
    return 2;
}

static int Measure(Action<BenchOptions, CancellationToken> scenario, string[] arguments)
{
    using var cancel = new CancellationTokenSource();
    void Stop(PosixSignalContext signal)
    {
        // The process must live on until its servers are stopped.
        signal.Cancel = true;
        cancel.Cancel();
    }

    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    try
    {
        scenario(BenchOptions.Parse(arguments), cancel.Token);
        return 0;
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("interrupted");
        return 130;
    }
    catch (Exception error) when (error is BenchException or SocketException or IOException or Win32Exception)
    {
        // On Ctrl-C the servers get the signal too, and die before we look.
        Console.Error.WriteLine(cancel.IsCancellationRequested ? "interrupted" : $"failed: {error.Message}");
        return cancel.IsCancellationRequested ? 130 : 1;
    }
}
