using MeshSignal.Protocol;
using MeshSignal.Server.Transport.Kestrel;
using MeshSignal.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshSignal.Tests.Conformance;

/// <summary>Kestrel, the real upgrade and a real socket, with a connection handler that leaves the server's end to the test.</summary>
internal sealed class KestrelTransport : TransportConformance
{
    [Test]
    public async Task Nothing_is_buffered_for_a_peer_that_is_silent()
    {
        using var stream = new SilentStream();
        using var socket = new GuardedWebSocket(stream, new FrameHeaders(Limits.MessageBytes, Limits.Fragments, Clock), Clock, stream.Dispose);
        _ = socket.ReceiveAsync().AsTask();

        // An empty read waits for data without a buffer to put it in.
        Assert.That(await stream.PendingRead.WaitAsync(TestPeer.Timeout), Is.Zero);
    }

    protected override async Task<OpenTransport> OpenAsync(bool answersClose = true)
    {
        var opened = new TaskCompletionSource<GuardedWebSocket>(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(async context =>
        {
            await using var stream = await WebSocketUpgrade.AcceptAsync(context, Profile.Legacy);
            using var socket = new GuardedWebSocket(stream, new FrameHeaders(Limits.MessageBytes, Limits.Fragments, Clock), Clock, context.Abort);
            opened.SetResult(socket);
            await done.Task;
        });
        await app.StartAsync();

        // A client that is never asked to receive does not answer anything: so answersClose is the test's own doing.
        var client = await WebSocketClient.ConnectAsync(new Uri(app.Urls.Single().Replace("http:", "ws:", StringComparison.Ordinal)), Profile.Legacy);
        return new OpenTransport(await opened.Task.WaitAsync(TestPeer.Timeout), client, async () =>
        {
            done.SetResult();
            await app.DisposeAsync();
        });
    }

    /// <summary>Nothing ever comes in. Tells with how large a buffer that is waited for.</summary>
    private sealed class SilentStream : MemoryStream
    {
        private readonly TaskCompletionSource<int> _pendingRead = new();

        public Task<int> PendingRead => _pendingRead.Task;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _pendingRead.TrySetResult(buffer.Length);
            return new ValueTask<int>(new TaskCompletionSource<int>().Task);
        }
    }
}
