using System.Diagnostics;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Report;
using MeshSignal.Bench.Servers;

namespace MeshSignal.Bench.Scenarios;

/// <summary>A long day in short: people come and go, some misbehave, and nothing of the server may grow.</summary>
internal static class SoakScenario
{
    private const int Pairs = 20;
    private const double MostRise = 0.01;

    // In a shorter one the heap is still finding its size.
    private const int FullMinutes = 20;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    public static void Run(BenchOptions options, CancellationToken cancel)
    {
        // Somebody must be able to send more than another takes who does not read.
        using var server = MeshSignalServer.Start(options, cancel, MeshSignalServer.AmpleBytes);
        using var pairs = HealthyPairs.StartAsync(server.Address, Pairs, cancel).Result;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var churn = new Churn(server.Address);
        var churning = churn.RunAsync(stop.Token);
        var samples = new List<ProcessSample>();
        try
        {
            Console.WriteLine($"soak: {options.Minutes} minutes\n   min   RSS MiB  handles  threads  CPU %");
            var (started, length) = (Stopwatch.GetTimestamp(), TimeSpan.FromMinutes(options.Minutes));
            for (var (next, cpu) = (Period, server.CpuTime); next <= length; next += Period)
            {
                var wait = next - Stopwatch.GetElapsedTime(started);
                if (wait > TimeSpan.Zero) cancel.WaitHandle.WaitOne(wait);
                cancel.ThrowIfCancellationRequested();
                var (sample, used) = (ProcessSample.Read(server), server.CpuTime);
                samples.Add(sample);
                var figures = $"{sample.RssMegabytes,9:F1} {sample.Handles,8} {sample.Threads,8} {(used - cpu) / Period * 100,6:F0}";
                Console.WriteLine($"{next.TotalMinutes,6:F2} {figures}");
                cpu = used;
            }
        }
        finally
        {
            stop.Cancel();
            churning.Wait(CancellationToken.None);
        }

        pairs.StopAsync().Wait(cancel);
        Report(options, server, pairs, churn, samples);
    }

    private static void Report(BenchOptions options, ServerProcess server, HealthyPairs pairs, Churn churn, List<ProcessSample> samples)
    {
        var settled = samples.Take(samples.Count / 2).Skip(samples.Count / 10).ToList();
        var half = samples.Skip(samples.Count / 2).ToList();
        var isFull = options.Minutes >= FullMinutes;
        var promises = new Promises();
        CheckSlope("RSS", static sample => sample.RssMegabytes);
        CheckSlope("handles", static sample => sample.Handles);
        CheckSlope("threads", static sample => sample.Threads);
        var (first, last) = (settled.Average(static sample => sample.RssMegabytes), half.Average(static sample => sample.RssMegabytes));
        Promises.Tell($"RSS on the mean of the first half {first:F1} MiB, without its start; of the last {last:F1}");
        promises.CheckNone("errors in the log", server.Log.Faults);
        promises.Check(pairs.Arrived == pairs.Sent, $"signals of {Pairs} healthy pairs that arrived: {pairs.Arrived} of {pairs.Sent}");
        promises.CheckNone("of them out of order or with an error", pairs.Faults);
        promises.CheckNone("visits and nuisances that did not go as they should", churn.Faults);
        Promises.Tell(churn.Text);
        Promises.Tell($"{server.Log.SlowConsumers.Length} slow readers were closed with 4040; healthy pairs: {pairs.Latency()}");
        promises.Conclude();

        void CheckSlope(string what, Func<ProcessSample, double> figure)
        {
            var slope = Slope.Of([.. half.Select(figure)]);

            // A rise that is no more than the scatter of the samples is none.
            promises.Check(!isFull || slope.Rise - (2 * slope.Error) < MostRise, $"{what}, rise over the last half: {slope.Text}");
        }
    }
}
