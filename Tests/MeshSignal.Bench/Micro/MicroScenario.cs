using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Micro;

/// <summary>Codec, relay policy and room, each without the network, with BenchmarkDotNet: time and allocation.</summary>
internal static class MicroScenario
{
    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        using var turn = Cores.TakeTurn();

        // In this process: a project of its own for each benchmark would have to be restored and built, and how it is built is not what is measured.
        var job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithIterationCount(Math.Max(3, 2 * options.Rounds));
        var config = ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(ConsoleLogger.Default)
            .WithOptions(ConfigOptions.DisableLogFile | ConfigOptions.JoinSummary)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "meshsignal-bench"));
        var summaries = BenchmarkRunner.Run([typeof(CodecBenchmarks), typeof(PolicyBenchmarks), typeof(RoomBenchmarks)], config);
        if (summaries.Any(static summary => summary.HasCriticalValidationErrors || summary.Reports.Any(static report => !report.Success)))
            throw new BenchException("a benchmark failed");
    }
}
