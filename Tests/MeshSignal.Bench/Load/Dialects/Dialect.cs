namespace MeshSignal.Bench.Load.Dialects;

/// <summary>What a message means to its receiver.</summary>
/// <param name="Say">To be answered with this, on the way into the room.</param>
/// <param name="Members">It is in the room now, and these were there before.</param>
/// <param name="Signal">What somebody has sent to it.</param>
/// <param name="From">Who, as <see cref="Dialect.Write"/> wants to have it.</param>
internal readonly record struct Heard(byte[]? Say = null, string[]? Members = null, Shape? Signal = null, string? From = null);

/// <summary>How one client of one of the servers enters a room, and how it reaches the others in it. It knows no more of their protocol than the load needs.</summary>
internal abstract class Dialect
{
    public abstract string Path { get; }

    public virtual string? Subprotocol => null;

    /// <summary>The next message of the server.</summary>
    /// <exception cref="BenchException">It is an error.</exception>
    public abstract Heard Hear(ReadOnlySpan<byte> utf8);

    /// <summary>A message to one member, without its frame.</summary>
    public abstract byte[] Write(Shape shape, string to);

    /// <summary>What stands between these two.</summary>
    protected static string Between(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        var rest = utf8[(utf8.IndexOf(before) + before.Length)..];
        return System.Text.Encoding.UTF8.GetString(rest[..rest.IndexOf(after)]);
    }
}
