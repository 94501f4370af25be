using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MeshSignal.Tests.Support;

/// <summary>The network between a client and the server, which can fail: it carries TCP connections until it is cut, or falls silent.</summary>
internal sealed class CuttableRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _serverPort;
    private readonly SemaphoreSlim _refused = new(0);
    private readonly Lock _lock = new(); // Guards the fields below.
    private readonly List<Carried> _connections = [];
    private bool _isCut;
    private Task _accepting = Task.CompletedTask;

    private CuttableRelay(int serverPort) => _serverPort = serverPort;

    /// <summary>Where the server seems to be, such as <c>http://127.0.0.1:40124</c>.</summary>
    public string Url => $"http://{_listener.LocalEndpoint}";

    public static CuttableRelay Start(int serverPort)
    {
        var relay = new CuttableRelay(serverPort);
        relay._listener.Start();
        relay._accepting = relay.AcceptAsync();
        return relay;
    }

    /// <summary>Resets all connections towards both ends, and refuses new ones.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            _isCut = true;
            foreach (var connection in _connections)
                connection.Reset();
            _connections.Clear();
        }
    }

    /// <summary>Waits for one more client that was refused.</summary>
    public async Task RefusesOneAsync() => Assert.That(await _refused.WaitAsync(TestPeer.Timeout), "nobody has tried");

    /// <summary>Carries new connections again.</summary>
    public void GoOn()
    {
        lock (_lock)
            _isCut = false;
    }

    /// <summary>The WebSockets that are open now stay open, and nothing goes through them any more, not even their end.</summary>
    public void SilenceBoth()
    {
        lock (_lock)
            foreach (var connection in _connections)
                connection.Silence(bothWays: true);
    }

    /// <summary>The WebSockets that are open now hear nothing more from the server, while it still hears them.</summary>
    public void SilenceServer()
    {
        lock (_lock)
            foreach (var connection in _connections)
                connection.Silence(bothWays: false);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        Cut();
        _listener.Dispose();
        _refused.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return; // Stopped.
            }

            await CarryAsync(client);
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        var server = new TcpClient();
        var connection = new Carried(client, server);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _serverPort);
        }
        catch (SocketException)
        {
            connection.Reset();
            return;
        }

        lock (_lock)
        {
            if (_isCut)
            {
                connection.Reset();
                _refused.Release();
                return;
            }

            _connections.Add(connection);
        }

        connection.Run();
    }

    private sealed class Carried(TcpClient client, TcpClient server)
    {
        private static readonly byte[] _upgrade = Encoding.ASCII.GetBytes("GET /ws");

        private volatile bool _isWebSocket;
        private volatile bool _clientIsSilent;
        private volatile bool _serverIsSilent;
        private int _isReset;

        public void Run() => _ = Task.WhenAll(PumpAsync(client, server, () => _clientIsSilent), PumpAsync(server, client, () => _serverIsSilent));

        public void Silence(bool bothWays)
        {
            _serverIsSilent = _isWebSocket;
            _clientIsSilent = _isWebSocket && bothWays;
        }

        /// <summary>The ends see a reset, not an end.</summary>
        public void Reset()
        {
            if (Interlocked.Exchange(ref _isReset, 1) == 1)
                return;
            foreach (var end in new[] { client, server })
            {
                end.LingerState = new LingerOption(enable: true, seconds: 0);
                end.Dispose();
            }
        }

        private async Task PumpAsync(TcpClient from, TcpClient to, Func<bool> isSilent)
        {
            var buffer = new byte[16 * 1024];
            try
            {
                while (await from.GetStream().ReadAsync(buffer) is > 0 and var count)
                {
                    _isWebSocket |= buffer.AsSpan(0, count).StartsWith(_upgrade);
                    if (!isSilent())
                        await to.GetStream().WriteAsync(buffer.AsMemory(0, count));
                }

                if (!isSilent())
                    to.Client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                Reset(); // One end has gone, so the other one goes.
            }
        }
    }
}
