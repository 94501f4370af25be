namespace MeshSignal.Bench.Report;

/// <summary>How a series rises over its length: the straight line of least squares, as a share of the mean.</summary>
internal sealed record Slope(double Mean, double Rise, double Error)
{
    public static Slope Of(IReadOnlyList<double> values)
    {
        var (count, mean) = (values.Count, values.Average());
        if (count < 4 || mean == 0) return new Slope(mean, 0, double.PositiveInfinity);

        var middle = (count - 1) / 2.0;
        var squares = Enumerable.Range(0, count).Sum(i => (i - middle) * (i - middle));
        var slope = Enumerable.Range(0, count).Sum(i => (i - middle) * (values[i] - mean)) / squares;
        var rest = Enumerable.Range(0, count).Sum(i => Math.Pow(values[i] - mean - (slope * (i - middle)), 2));
        var error = Math.Sqrt(rest / (count - 2) / squares);
        return new Slope(mean, slope * (count - 1) / mean, error * (count - 1) / mean);
    }

    public string Text => $"{Rise:P2} ± {Error:P2} of {Mean:F1}";
}
