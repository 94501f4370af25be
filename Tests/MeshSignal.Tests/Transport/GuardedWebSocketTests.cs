using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using MeshSignal.Protocol;
using MeshSignal.Server.Transport;
using MeshSignal.Server.Transport.Kestrel;
using MeshSignal.Tests.Support;
using static MeshSignal.Tests.Support.ClientFrame;

namespace MeshSignal.Tests.Transport;

/// <summary>The default transport over a pipe whose other end is the test's.</summary>
internal sealed class GuardedWebSocketTests
{
    private const int MessageBytes = 64 * 1024;

    [Test]
    public async Task While_a_pong_cannot_be_sent_no_further_ping_is_answered()
    {
        using var peer = new Peer();
        await peer.WriteAsync([.. Frame(Ping, "1"), .. Frame(Ping, "2"), .. Frame(Ping, "3")]);
        var receiving = peer.Socket.ReceiveAsync().AsTask();

        for (var i = 1; i <= 3; i++)
            Assert.That(await peer.ReadAllAsync(), Is.EqualTo(new byte[] { 0x80 | Pong, 1, (byte)('0' + i) }), "one waits, and the next is there when it has been read");
        Assert.That(receiving.IsCompleted, Is.False);
    }

    [TestCase(MessageBytes + 1UL)]
    [TestCase(1UL << 31)]
    [TestCase(1UL << 32)]
    [TestCase((ulong)long.MaxValue)]
    public async Task Nothing_is_set_aside_for_a_message_that_is_declared_too_large(ulong length)
    {
        using var peer = new Peer();
        await peer.WriteAsync(Header(Text, length));

        var before = GC.GetAllocatedBytesForCurrentThread();
        using var received = peer.Socket.ReceiveAsync().AsTask().Result; // All that it takes has come, so nothing waits, and this thread does it all.
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(received.End?.Code, Is.EqualTo(CloseCode.MessageTooBig));
        Assert.That(allocated, Is.LessThan(MessageBytes / 2));
    }

    [Test]
    public async Task A_message_in_as_many_pieces_as_a_pipe_makes_of_it_is_one_message()
    {
        using var peer = new Peer();
        var text = new string('a', 40_000);
        await peer.WriteAsync([.. Message(text), .. Message("next")]);

        using var first = await peer.Socket.ReceiveAsync();
        Assert.That(first.Message.Length, Is.EqualTo(text.Length));
        Assert.That(first.Message.Span.ContainsAnyExcept((byte)'a'), Is.False);
        using var second = await peer.Socket.ReceiveAsync();
        Assert.That(second.Message.ToArray(), Is.EqualTo("next"u8.ToArray()));
    }

    /// <summary>As when Kestrel stops: it takes no more requests, but this is none any more.</summary>
    [Test]
    public async Task Reading_goes_on_when_it_was_interrupted()
    {
        using var peer = new Peer();
        var receiving = peer.Socket.ReceiveAsync().AsTask();
        peer.Interrupt();
        await peer.WriteAsync(Message("hello"));

        using var received = await receiving.WaitAsync(TestPeer.Timeout);
        Assert.That(received.Message.ToArray(), Is.EqualTo("hello"u8.ToArray()));
    }

    /// <summary>Kestrel makes an IOException only of a reset.</summary>
    [Test]
    public async Task A_connection_that_timed_out_is_lost_and_no_fault_of_ours()
    {
        using var peer = new Peer();
        peer.Fail(new SocketException((int)SocketError.TimedOut));

        using var received = await peer.Socket.ReceiveAsync();
        Assert.That(received.End, Is.EqualTo(SocketEnd.Lost));
        Assert.That(async () => await peer.Socket.SendAsync("hello"u8.ToArray()), Throws.InstanceOf<IOException>());
        await peer.Socket.LingerAsync();
    }

    [Test]
    public async Task What_has_come_in_before_a_reset_is_left_but_for_the_block_that_is_being_read()
    {
        using var peer = new Peer();
        for (var i = 0; i < 10; i++)
            await peer.WriteAsync(Message(new string('a', 4000)));
        using (var first = await peer.Socket.ReceiveAsync())
            Assert.That(first.Message.Length, Is.EqualTo(4000));
        peer.Abort();

        var left = 0;
        while (true)
        {
            using var received = await peer.Socket.ReceiveAsync();
            if (received.End is not null)
                break;
            left++;
        }

        Assert.That(left, Is.LessThan(3));
    }

    /// <summary>Takes what the server writes only when it is asked to: until then the first frame fills the way.</summary>
    private sealed class Peer : IDuplexPipe, IDisposable
    {
        private readonly Pipe _toServer = new(new PipeOptions(pauseWriterThreshold: 0));
        private readonly Pipe _toPeer = new(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 0));

        public Peer()
        {
            var clock = new FakeClock();
            Socket = new GuardedWebSocket(this, new FrameHeaders(MessageBytes, 64, clock), clock, static () => { });
        }

        public GuardedWebSocket Socket { get; }

        PipeReader IDuplexPipe.Input => _toServer.Reader;

        PipeWriter IDuplexPipe.Output => _toPeer.Writer;

        public async Task WriteAsync(byte[] bytes) => await _toServer.Writer.WriteAsync(bytes);

        public void Fail(Exception error)
        {
            _toServer.Writer.Complete(error);
            _toPeer.Reader.Complete(error);
        }

        /// <summary>As Kestrel does it: a read throws from now on, whatever is still there.</summary>
        public void Abort() => _toServer.Writer.Complete(new IOException("reset"));

        public void Interrupt() => _toServer.Reader.CancelPendingRead();

        public async Task<byte[]> ReadAllAsync()
        {
            var read = await _toPeer.Reader.ReadAsync().AsTask().WaitAsync(TestPeer.Timeout);
            var bytes = read.Buffer.ToArray();
            _toPeer.Reader.AdvanceTo(read.Buffer.End);
            return bytes;
        }

        public void Dispose() => Socket.Dispose();
    }
}
