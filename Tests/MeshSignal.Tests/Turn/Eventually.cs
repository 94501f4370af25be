using System.Diagnostics;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Turn;

/// <summary>For what another program does in its own time and tells nobody: it is asked again and again, not for ever.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    public static async Task IsAsync<T>(T expected, Func<Task<T>> ask)
    {
        using var pace = new PeriodicTimer(Pace);
        var start = Stopwatch.GetTimestamp();
        var actual = await ask();
        while (!Equals(actual, expected) && Stopwatch.GetElapsedTime(start) < TestPeer.Timeout)
        {
            await pace.WaitForNextTickAsync();
            actual = await ask();
        }

        Assert.That(actual, Is.EqualTo(expected));
    }
}
