namespace MeshSignal.Tests.Support;

/// <summary>A setting for tests of what happens when a session ends with its socket.</summary>
internal static class Grace
{
    public static readonly (string Key, string Value) None = ("MeshSignal:Sessions:ResumeGrace", "00:00:00");
}
