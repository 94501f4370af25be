namespace MeshSignal.Server.Policy;

/// <summary>That a socket is counted, until it is disposed of; or that it may not be there at all.</summary>
internal sealed class ConnectionPlace : IDisposable
{
    private Action? _leave;

    public ConnectionPlace(ConnectionVerdict verdict, Action leave) => (Verdict, Finding, _leave) = (verdict, verdict, leave);

    public ConnectionPlace(TimeSpan retryAfter) => (Verdict, Finding, RetryAfter) = (ConnectionVerdict.Flood, ConnectionVerdict.Flood, retryAfter);

    public ConnectionVerdict Verdict { get; }

    /// <summary>What the limits say; the verdict is <see cref="ConnectionVerdict.Ok"/> all the same where they are only tried.</summary>
    public ConnectionVerdict Finding { get; init; }

    /// <summary>For a flood: when it is worth another try.</summary>
    public TimeSpan RetryAfter { get; }

    public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
}
