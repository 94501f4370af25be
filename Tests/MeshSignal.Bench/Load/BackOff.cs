namespace MeshSignal.Bench.Load;

/// <summary>How long a client waits before it tries again. Random over the whole range: of many who lost their sockets at once few come back at once.</summary>
internal static class BackOff
{
    private const double FirstSeconds = 5;
    private const double MostSeconds = 20;

    /// <param name="failures">How many tries have failed: up to 5 s at first, up to twice as much after each.</param>
    public static TimeSpan Pause(int failures) =>
        TimeSpan.FromSeconds(Math.Min(MostSeconds, FirstSeconds * Math.Pow(2, failures)) * Random.Shared.NextDouble());
}
