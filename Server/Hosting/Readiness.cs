namespace MeshSignal.Server.Hosting;

/// <summary>Whether new clients may come in: from the start until the server begins to stop.</summary>
internal sealed class Readiness : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    public bool IsReady => !_stopping.IsCancellationRequested;

    /// <summary>For whoever waits for something before there is a session.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();
}
