namespace MeshSignal.Server.Policy;

/// <summary>That a socket is counted, until it is disposed of; or that it may not be there at all.</summary>
internal sealed class ConnectionPlace : IDisposable
{
    private Action? _leave;

    public ConnectionPlace(ConnectionVerdict verdict, Action leave) => (Verdict, _leave) = (verdict, leave);

    public ConnectionPlace(TimeSpan retryAfter) => (Verdict, RetryAfter) = (ConnectionVerdict.Flood, retryAfter);

    public ConnectionVerdict Verdict { get; }

    /// <summary>For a flood: when it is worth another try.</summary>
    public TimeSpan RetryAfter { get; }

    public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
}
