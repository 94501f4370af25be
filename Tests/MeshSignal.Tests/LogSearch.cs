using MeshSignal.Tests.Support;

namespace MeshSignal.Tests;

/// <summary>Says at the end how much was searched: each server's log at its end, see <see cref="Secrets"/>.</summary>
[SetUpFixture]
internal sealed class LogSearch
{
    [OneTimeTearDown]
    public static void Tell() => TestContext.Progress.WriteLine($"No secret is in the logs: searched {Secrets.Searched}.");
}
