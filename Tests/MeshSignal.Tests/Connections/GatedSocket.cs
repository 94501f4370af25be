using System.Text;
using System.Threading.Channels;
using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

/// <summary>The end that is written to, one write at a time if so wished; it tells when a write has begun and how many were under way at once.</summary>
internal sealed class GatedSocket : IMessageSocket, IDisposable
{
    public const string Ping = "(ping)";
    public const string Close = "(close)";

    private readonly Channel<string> _begun = Channel.CreateUnbounded<string>();
    private readonly SemaphoreSlim _gate = new(0);
    private readonly List<string> _written = [];
    private int _underWay;

    public long LastFrameAt => 0;

    public int MostAtOnce { get; private set; }

    public bool IsAborted { get; private set; }

    public IReadOnlyList<string> Written => _written;

    public IEnumerable<string> Messages => _written.Where(text => !text.StartsWith('('));

    public void Open() => _gate.Release(1_000_000);

    public void LetOneThrough() => _gate.Release();

    public Task<string> NextWriteAsync() => _begun.Reader.ReadAsync().AsTask().WaitAsync(TestPeer.Timeout);

    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8) => WriteAsync(Encoding.UTF8.GetString(utf8.Span));

    public ValueTask PingAsync() => WriteAsync(Ping);

    public ValueTask CloseAsync(CloseCode code, string reason) => WriteAsync($"{Close} {(int)code}");

    public ValueTask<Received> ReceiveAsync() => throw new NotSupportedException();

    public ValueTask LingerAsync() => ValueTask.CompletedTask;

    public void Abort() => IsAborted = true;

    public void Dispose() => _gate.Dispose();

    private async ValueTask WriteAsync(string text)
    {
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _underWay));
        _begun.Writer.TryWrite(text);
        await _gate.WaitAsync();
        _written.Add(text);
        Interlocked.Decrement(ref _underWay);
    }
}
