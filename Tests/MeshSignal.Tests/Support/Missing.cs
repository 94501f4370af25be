namespace MeshSignal.Tests.Support;

/// <summary>A program that a test drives, and that is not everywhere.</summary>
internal static class Missing
{
    /// <summary>Ends the test as ignored, unless this is the build server: there nothing may be missing unnoticed.</summary>
    public static void EndTest(string what)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(what);
        Assert.Ignore(what);
    }
}
