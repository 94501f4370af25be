namespace MeshSignal.Server.Hosting;

/// <summary>Whether new clients may come in: from the start until the server begins to stop.</summary>
internal sealed class Readiness
{
    private volatile bool _isReady = true;

    public bool IsReady => _isReady;

    public void Stop() => _isReady = false;
}
