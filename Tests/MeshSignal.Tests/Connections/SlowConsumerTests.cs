using MeshSignal.Protocol;
using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Connections;

/// <summary>A peer that does not read what is sent to it costs itself its connection, and nobody else anything.</summary>
internal sealed class SlowConsumerTests
{
    [Test]
    public async Task One_message_too_many_closes_it_with_4040()
    {
        await using var call = await Call.StartAsync(("MeshSignal:Limits:SendQueueMessages", "16"));

        // One is being written, sixteen wait.
        for (var i = 0; i < 17; i++)
            await call.SignalAsync("small", delivered: true);
        await call.SignalAsync("small", delivered: false);

        await call.ExpectOnlyTheSlowOneClosedAsync();
    }

    [Test]
    public async Task One_byte_too_many_closes_it_with_4040()
    {
        await using var call = await Call.StartAsync(("MeshSignal:Limits:SendQueueBytes", "4096"), ("MeshSignal:Limits:MessageBytes", "4096"), ("MeshSignal:Chat:HistoryBytes", "4000"));

        await call.SignalAsync(new string('x', 3000), delivered: true);
        await call.SignalAsync(new string('x', 3000), delivered: true);
        await call.SignalAsync(new string('x', 3000), delivered: false);

        await call.ExpectOnlyTheSlowOneClosedAsync();
    }

    [Test]
    public async Task Ten_seconds_without_reading_tear_it_down()
    {
        await using var call = await Call.StartAsync();
        await call.SignalAsync("small", delivered: true);

        call.Server.Advance(TimeSpan.FromSeconds(10), call.Everybody);
        await call.SignalAsync("small", delivered: true);
        call.Server.Advance(TimeSpan.FromSeconds(1), call.Everybody);

        Assert.That((await call.Bob.ExpectAsync(MessageTypes.PeerLeft)).Text("reason"), Is.EqualTo("disconnected"));
        await call.Alice.ExpectAsync(MessageTypes.PeerLeft);
        await call.Alice.ExpectNothingAsync();
        Assert.That(await call.Slow.ExpectCloseAsync(), Is.EqualTo(ClientReceived.NoClose));
    }

    [Test]
    public async Task A_peer_that_reads_slowly_but_reads_is_left_alone()
    {
        await using var call = await Call.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            await call.SignalAsync("small", delivered: true);
            call.Server.Advance(TimeSpan.FromSeconds(9), call.Everybody);
            call.Slow.InMemory.ReadAgain();
            await call.Slow.ExpectAsync(MessageTypes.Signal);
            call.Slow.InMemory.StopReading();
        }

        call.Slow.InMemory.ReadAgain();
        await call.Slow.ExpectNothingAsync();
    }

    [Test]
    public async Task One_that_is_being_closed_is_unavailable_until_it_has_left()
    {
        await using var call = await Call.StartAsync(("MeshSignal:Limits:SendQueueMessages", "16"));
        for (var i = 0; i < 17; i++)
            await call.SignalAsync("small", delivered: true);

        await call.SignalAsync("small", delivered: false);
        await call.SignalAsync("small", delivered: false);

        await call.ExpectOnlyTheSlowOneClosedAsync();
        await call.Alice.SendAsync(MessageTypes.Signal, new { targetUsername = "slow", signal = 1 });
        await call.Alice.ExpectErrorAsync(ErrorCode.TargetNotFound);
    }

    /// <summary>Three peers in a room, of whom one has stopped reading.</summary>
    private sealed class Call : IAsyncDisposable
    {
        private readonly Pair _pair;
        private int _id;
        private bool _isSlowOneClosed;

        private Call(Pair pair, TestPeer slow) => (_pair, Slow) = (pair, slow);

        public TestServer Server => _pair.Server;

        public TestPeer Alice => _pair.Alice;

        public TestPeer Bob => _pair.Bob;

        public TestPeer Slow { get; }

        public TestPeer[] Everybody => [Alice, Bob, Slow];

        public static async Task<Call> StartAsync(params (string Key, string Value)[] settings)
        {
            var pair = await Pair.InCallAsync([Grace.None, .. settings]);
            var slow = await pair.AddAsync("slow");
            slow.InMemory.StopReading();
            return new Call(pair, slow);
        }

        /// <summary>From alice to the slow one. Waits until the writer has taken what it can, so that what is queued is known.</summary>
        public async Task SignalAsync(string signal, bool delivered)
        {
            await Alice.SendAsync(MessageTypes.Signal, new { targetUsername = "slow", signal, id = ++_id });
            if (!delivered)
            {
                await Alice.ExpectErrorAsync(ErrorCode.TargetUnavailable, _id);
                return;
            }

            await Alice.ExpectAckAsync(_id);
            await Slow.InMemory.WhenBlockedAsync();
        }

        public async Task ExpectOnlyTheSlowOneClosedAsync()
        {
            _isSlowOneClosed = true;
            await Bob.ExpectNothingAsync();
            await Alice.ExpectNothingAsync();
            Server.Advance(TimeSpan.FromSeconds(3), Everybody);
            foreach (var peer in new[] { Alice, Bob })
            {
                var left = await peer.ExpectAsync(MessageTypes.PeerLeft);
                Assert.That((left.Text("username"), left.Text("reason")), Is.EqualTo(("slow", "disconnected")));
                await peer.ExpectNothingAsync();
            }

            await Slow.ExpectCloseAsync();
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var peer in Everybody)
                peer.Dispose();
            await Server.WhenAllGoneAsync();
            if (_isSlowOneClosed)
                Assert.That(Server.Log.Lines, Has.Exactly(1).Contains($"close code {(int)CloseCode.SlowConsumer}"), "what cannot be read stands in the log");
            await _pair.DisposeAsync();
        }
    }
}
