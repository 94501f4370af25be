using System.IO.Pipelines;
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
            var pipe = await WebSocketUpgrade.AcceptAsync(context, Profile.Legacy);
            using var socket = Open(pipe, context.Abort);
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

    /// <summary>How much memory a socket takes to be opened, and then for waiting, with the pool of arrays long empty.</summary>
    protected (long Opening, long Waiting) BytesTakenInSilence()
    {
        const int count = 1000;
        var silence = new DuplexPipe(new Pipe().Reader, new Pipe().Writer);
        var start = GC.GetAllocatedBytesForCurrentThread();
        var sockets = Enumerable.Range(0, count).Select(_ => Open(silence with { Input = new Pipe().Reader }, static () => { })).ToArray();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var waiting = sockets.Count(static socket => !socket.ReceiveAsync().AsTask().IsCompleted);
        var taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(waiting, Is.EqualTo(count));
        return ((before - start) / count, taken / count);
    }

    private GuardedSocket Open(IDuplexPipe pipe, Action abort) =>
        Framings.Opener(framing)(pipe, new FrameHeaders(Limits.MessageBytes, Limits.Fragments, Clock), Clock, abort);

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
