using System.Net;
using System.Net.Sockets;
using MeshSignal.Server.Ice;
using MeshSignal.Server.Tools.Stun;

namespace MeshSignal.Tests.Turn;

/// <summary>One client of a TURN server over UDP (RFC 8656), with one allocation. What it asks for is answered by an error code, 0 for success.</summary>
internal sealed class TurnProbe : IDisposable
{
    // A datagram may be lost even here, when a buffer is full; so requests are repeated (RFC 8489 section 6.2.1).
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private const int MaxAttempts = 20;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Queue<StunMessage> _data = new();
    private readonly IPEndPoint _server;
    private readonly TurnCredentials _credentials;
    private (string Realm, string Nonce)? _challenge;

    /// <param name="credentials">As a client has got them; a tampered pair will do.</param>
    public TurnProbe(IPEndPoint server, TurnCredentials credentials)
    {
        (_server, _credentials) = (server, credentials);
        _socket.Bind(new IPEndPoint(Coturn.PeerAddress, 0));
    }

    /// <summary>Where others reach it once it has allocated.</summary>
    public IPEndPoint Relayed { get; private set; } = new(0, 0);

    /// <summary>The answer to a new allocation, which is then let go.</summary>
    public static async Task<int> TryAllocateAsync(IPEndPoint server, TurnCredentials credentials)
    {
        using var probe = new TurnProbe(server, credentials);
        var code = await probe.AllocateAsync();
        if (code == 0)
            await probe.RefreshAsync(lifetime: 0);
        return code;
    }

    /// <summary>Whether a STUN server answers there within a moment.</summary>
    public static async Task<bool> IsAnsweredAsync(IPEndPoint server, TimeSpan patience)
    {
        using var probe = new TurnProbe(server, new TurnCredentials("", ""));
        await probe.SendToServerAsync(new StunMessage(StunMessage.Binding).Write());
        return await probe.ReadAsync(patience) is not null;
    }

    /// <param name="family">Of the address to relay from, whatever the server is reached by.</param>
    public async Task<int> AllocateAsync(AddressFamily family = AddressFamily.InterNetwork)
    {
        var answer = await RequestAsync(
            StunMessage.Allocate,
            StunMessage.Number(StunMessage.RequestedTransport, 17 << 24), // UDP
            StunMessage.Number(StunMessage.RequestedFamily, (family == AddressFamily.InterNetwork ? 1u : 2u) << 24));
        if (answer.Code == 0)
            Relayed = answer.FindAddress(StunMessage.XorRelayedAddress)!;
        return answer.Code;
    }

    public async Task<int> RefreshAsync(uint lifetime = 600) =>
        (await RequestAsync(StunMessage.Refresh, StunMessage.Number(StunMessage.Lifetime, lifetime))).Code;

    /// <summary>Whoever has this address may then send to <see cref="Relayed"/>, from whatever port.</summary>
    public async Task<int> PermitAsync(IPAddress peer) =>
        (await RequestAsync(StunMessage.CreatePermission, StunMessage.PeerAddress(new IPEndPoint(peer, 9)))).Code;

    public Task SendAsync(IPEndPoint peer, string text) => SendToServerAsync(new StunMessage(
        StunMessage.SendIndication, StunMessage.PeerAddress(peer), StunMessage.Text(StunMessage.Data, text)).Write());

    /// <summary>What comes next to <see cref="Relayed"/>, and from where.</summary>
    public async Task<(IPEndPoint From, string Text)> ReceiveAsync()
    {
        for (var attempt = 0; attempt < MaxAttempts && _data.Count == 0; attempt++)
            if (await ReadAsync(Patience) is { Type: StunMessage.DataIndication } data)
                _data.Enqueue(data);

        var message = _data.Count > 0 ? _data.Dequeue() : throw new AssertionException("Nothing has come over the relay.");
        return (message.FindAddress(StunMessage.XorPeerAddress)!, message.FindText(StunMessage.Data)!);
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The first request is answered with what to sign the next ones for, and repeated; so is one for which that has become too old (438).</summary>
    private async Task<StunMessage> RequestAsync(int type, params (int Type, byte[] Value)[] attributes)
    {
        var wasChallenged = _challenge is not null;
        var answer = await ExchangeAsync(new StunMessage(type, attributes));
        if (answer.Code is not 438 && (answer.Code is not 401 || wasChallenged))
            return answer;

        _challenge = (answer.FindText(StunMessage.Realm)!, answer.FindText(StunMessage.Nonce)!);
        return await ExchangeAsync(new StunMessage(type, attributes));
    }

    private async Task<StunMessage> ExchangeAsync(StunMessage request)
    {
        var bytes = _challenge is { } challenge
            ? request.WriteSigned(_credentials.Username, challenge.Realm, challenge.Nonce, _credentials.Credential)
            : request.Write();
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            await SendToServerAsync(bytes);
            while (await ReadAsync(Patience) is { } message)
                if (message.Transaction.SequenceEqual(request.Transaction))
                    return message;
                else if (message.Type == StunMessage.DataIndication)
                    _data.Enqueue(message);
        }

        throw new AssertionException($"{_server} does not answer.");
    }

    private async Task SendToServerAsync(byte[] bytes) => await _socket.SendToAsync(bytes, SocketFlags.None, _server);

    /// <summary>Null if nothing comes for so long.</summary>
    private async Task<StunMessage?> ReadAsync(TimeSpan patience)
    {
        var buffer = new byte[2048];
        using var end = new CancellationTokenSource(patience);
        try
        {
            var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, _server, end.Token);
            return StunMessage.Read(buffer.AsSpan(0, received.ReceivedBytes));
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
