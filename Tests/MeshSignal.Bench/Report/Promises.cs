namespace MeshSignal.Bench.Report;

/// <summary>What was promised and what came of it: a line each. One that is broken fails the run, after all have been printed.</summary>
internal sealed class Promises
{
    private const int MostPrinted = 10;

    private int _broken;

    public void Check(bool isKept, string what)
    {
        Console.WriteLine($"  {(isKept ? "kept  " : "BROKEN")}  {what}");
        if (!isKept) _broken++;
    }

    /// <param name="faults">There must not be any; the first are printed.</param>
    public void CheckNone(string what, IReadOnlyCollection<string> faults)
    {
        Check(faults.Count == 0, $"{what}: {faults.Count}");
        foreach (var fault in faults.Take(MostPrinted)) Tell($"  {fault}");
    }

    /// <summary>A figure that nothing is promised of.</summary>
    public static void Tell(string what) => Console.WriteLine($"          {what}");

    /// <exception cref="BenchException">At least one is broken.</exception>
    public void Conclude()
    {
        if (_broken > 0) throw new BenchException($"{_broken} of the promises above broken");
    }
}
