namespace MeshSignal.Tests.Support;

/// <summary>What sessions may send, in the servers of the tests. Tests are faster than any client should be, and their clocks mostly stand still.</summary>
internal static class Budgets
{
    /// <summary>Every test's that is not about them.</summary>
    public static readonly (string Key, string Value) Ample = ("MeshSignal:Limits:DryRun", "true");

    /// <summary>As the server has them if nobody says otherwise.</summary>
    public static readonly (string Key, string Value) Default = ("MeshSignal:Limits:DryRun", "false");
}
