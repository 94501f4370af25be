namespace MeshSignal.Bench.Report;

/// <summary>One figure over all rounds.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(Math.Round(median, 3), Math.Round(sorted[0], 3), Math.Round(sorted[^1], 3));
    }

    public string Text(string format) => $"{Median.ToString(format, null)} ({Min.ToString(format, null)}-{Max.ToString(format, null)})";
}
