namespace MeshSignal.Bench.Report;

/// <summary>One kind of figure that every server has.</summary>
/// <param name="Of">What is measured: figures of the same thing make a table.</param>
/// <param name="Format">As .NET writes numbers.</param>
internal sealed record Measure(string Of, string Name, string Format);

/// <summary>What is wanted of a ratio's median.</summary>
internal sealed record Goal(Measure Measure, string Server, string Baseline, double Most);
