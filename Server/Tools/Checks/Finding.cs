namespace MeshSignal.Server.Tools.Checks;

internal enum Severity
{
    /// <summary>As it should be, or simply how it is.</summary>
    Ok,

    /// <summary>To think about twice.</summary>
    Note,

    /// <summary>Does not work, or lets in who should not be.</summary>
    Wrong,
}

/// <summary>One line for the operator: how it is, and what to do about it.</summary>
internal sealed record Finding(Severity Severity, string Text)
{
    public static Finding Ok(string text) => new(Severity.Ok, text);

    public static Finding Note(string text) => new(Severity.Note, text);

    public static Finding Wrong(string text) => new(Severity.Wrong, text);

    public override string ToString() => Severity switch { Severity.Ok => $"ok     {Text}", Severity.Note => $"note   {Text}", _ => $"wrong  {Text}" };
}
