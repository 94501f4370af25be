using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Server.Transport.Kestrel;
using MeshSignal.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshSignal.Tests.Conformance;

/// <summary>Kestrel, the real upgrade and a real socket, with a connection handler that leaves the server's end to the test.</summary>
internal abstract class UpgradedTransport(Framing framing) : TransportConformance
{
    protected override async Task<OpenTransport> OpenAsync(bool answersClose = true)
    {
        var opened = new TaskCompletionSource<GuardedSocket>(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(async context =>
        {
            await using var stream = await WebSocketUpgrade.AcceptAsync(context, Profile.Legacy);
            using var socket = Open(stream, context.Abort);
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

    /// <summary>How large a buffer is held while nothing comes in.</summary>
    protected async Task<int> BytesHeldInSilenceAsync()
    {
        using var stream = new SilentStream();
        using var socket = Open(stream, stream.Dispose);
        _ = socket.ReceiveAsync().AsTask();
        return await stream.PendingRead.WaitAsync(TestPeer.Timeout);
    }

    private GuardedSocket Open(Stream stream, Action abort) =>
        Framings.Opener(framing)(stream, new FrameHeaders(Limits.MessageBytes, Limits.Fragments, Clock), Clock, abort);

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
