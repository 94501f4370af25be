using System.Net;
using System.Net.Sockets;
using MeshSignal.Server.Transport.Kestrel;
using MeshSignal.Tests.Support;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MeshSignal.Tests.Transport;

/// <summary>Over real sockets, with a clock that stands still unless it is advanced.</summary>
internal sealed class AcceptBatchesTests
{
    private readonly FakeClock _clock = new();
    private readonly List<Socket> _clients = [];
    private AcceptBatches _batches = null!;
    private IConnectionListener _listener = null!;

    [SetUp]
    public async Task ListenAsync()
    {
        _batches = new AcceptBatches(new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance), _clock);
        _listener = await _batches.BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
    }

    [TearDown]
    public async Task EndAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        await _listener.UnbindAsync();
        await _listener.DisposeAsync();
    }

    [Test]
    public async Task In_a_flood_of_refusals_connections_wait_for_the_next_batch_and_all_that_have_come_are_in_it()
    {
        Refuse(AcceptBatches.MostRefusals + 1);
        await AcceptAsync(beforehand: false);
        var accepting = _listener.AcceptAsync().AsTask();
        await ConnectAsync(3);
        _clock.Advance(AcceptBatches.BatchTime - TimeSpan.FromMilliseconds(1));
        Assert.That(accepting.IsCompleted, Is.False);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await TakeAsync(accepting);
        await TakeAsync(_listener.AcceptAsync().AsTask());
        await TakeAsync(_listener.AcceptAsync().AsTask());
    }

    [Test]
    public async Task A_few_refusals_are_no_flood()
    {
        Refuse(AcceptBatches.MostRefusals);
        await AcceptAsync(beforehand: false);
        await AcceptAsync(beforehand: true);
    }

    [Test]
    public async Task A_flood_is_over_when_there_is_none_too_many_any_more()
    {
        Refuse(AcceptBatches.MostRefusals + 1);
        _clock.Advance(AcceptBatches.Window);
        await AcceptAsync(beforehand: false);
        await AcceptAsync(beforehand: true);
    }

    [Test]
    public async Task A_listener_that_ends_between_two_batches_accepts_nothing_more()
    {
        Refuse(AcceptBatches.MostRefusals + 1);
        await AcceptAsync(beforehand: false);
        var accepting = _listener.AcceptAsync().AsTask();
        await _listener.UnbindAsync();
        _clock.Advance(AcceptBatches.BatchTime);
        Assert.That(await accepting.WaitAsync(TestPeer.Timeout), Is.Null);
    }

    [Test]
    public async Task It_is_what_the_server_listens_with()
    {
        await using var server = await RealServer.StartAsync([]);
        Assert.That(server.Get<IEnumerable<IConnectionListenerFactory>>().Last(), Is.SameAs(server.Get<AcceptBatches>()));
    }

    private void Refuse(int count)
    {
        for (var i = 0; i < count; i++)
            _batches.CountRefusal();
    }

    private async Task AcceptAsync(bool beforehand)
    {
        if (beforehand)
            await ConnectAsync(1);
        var accepting = _listener.AcceptAsync().AsTask();
        if (!beforehand)
            await ConnectAsync(1);
        await TakeAsync(accepting);
    }

    private async Task ConnectAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _clients.Add(client);
            await client.ConnectAsync(_listener.EndPoint);
        }
    }

    private static async Task TakeAsync(Task<ConnectionContext?> accepting)
    {
        var connection = await accepting.WaitAsync(TestPeer.Timeout);
        Assert.That(connection, Is.Not.Null);
        await connection!.DisposeAsync();
    }
}
