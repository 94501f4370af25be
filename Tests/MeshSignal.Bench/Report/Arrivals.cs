using System.Diagnostics;

namespace MeshSignal.Bench.Report;

/// <summary>When those came back who were expected, in seconds from one moment.</summary>
internal sealed class Arrivals(IEnumerable<long> timestamps, long since)
{
    private readonly double[] _seconds = [.. timestamps.Select(at => Stopwatch.GetElapsedTime(since, at).TotalSeconds).Order()];

    public int Count => _seconds.Length;

    public double Median => Count == 0 ? double.NaN : _seconds[Count / 2];

    public double Last => Count == 0 ? double.NaN : _seconds[^1];

    /// <summary>From the first to the last one, in a second.</summary>
    public double MeanRate => Count < 2 ? Count : Count / Math.Max(1, _seconds[^1] - _seconds[0]);

    /// <summary>The most in any one second.</summary>
    public int PeakRate
    {
        get
        {
            var (peak, first) = (0, 0);
            for (var i = 0; i < Count; i++)
            {
                while (_seconds[first] <= _seconds[i] - 1) first++;
                peak = Math.Max(peak, i - first + 1);
            }

            return peak;
        }
    }

    /// <summary>How many came in each second, from the first of them on.</summary>
    public string Seconds => Count == 0
        ? "nobody"
        : $"from second {(int)_seconds[0]} on " + string.Join(' ', Enumerable.Range((int)_seconds[0], (int)_seconds[^1] - (int)_seconds[0] + 1)
            .Select(second => _seconds.Count(at => (int)at == second)));

    public string Text =>
        $"median {Median:F1} s, last {Last:F1} s; {PeakRate} in the busiest second, {MeanRate:F0}/s on the mean, ratio {PeakRate / MeanRate:F2}";
}
