using System.Net;
using System.Net.Sockets;
using MeshSignal.Server.Tools.Stun;

namespace MeshSignal.Tests.Tools;

/// <summary>Something at a UDP port of its own that answers as a test says: a TURN server, a broken one, or none at all.</summary>
internal sealed class ScriptedTurn : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly List<StunMessage> _requests = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Func<StunMessage, byte[]?> _answer;
    private readonly Task _task;

    /// <param name="answer">Null for none.</param>
    public ScriptedTurn(Func<StunMessage, byte[]?> answer)
    {
        _answer = answer;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _task = RunAsync();
    }

    public string Url => $"turn:{_socket.LocalEndPoint}";

    /// <summary>All that it was asked, once it is over.</summary>
    public IReadOnlyList<StunMessage> Requests => _requests;

    /// <summary>A server that wants credentials, takes any, and then answers so.</summary>
    public static ScriptedTurn Challenging(Func<StunMessage, byte[]?> answer) => new(request =>
        request.Find(StunMessage.MessageIntegrity) is null
            ? Refuse(request, 401, StunMessage.Text(StunMessage.Realm, "example.org"), StunMessage.Text(StunMessage.Nonce, "n0nce"))
            : answer(request));

    /// <summary>A server that relays from there, and to whom it is told; others are forbidden.</summary>
    public static Func<StunMessage, byte[]?> Relay(string from, params string[] to) => request => request.Type switch
    {
        StunMessage.Allocate => Grant(request, StunMessage.Address(StunMessage.XorRelayedAddress, new IPEndPoint(IPAddress.Parse(from), 50_000))),
        StunMessage.CreatePermission when !to.Contains(PeerOf(request)) => Refuse(request, 403),
        _ => Grant(request),
    };

    public static byte[] Grant(StunMessage request, params (int Type, byte[] Value)[] attributes) =>
        new StunMessage(request.Type | 0x100, attributes) { Transaction = request.Transaction }.Write();

    public static byte[] Refuse(StunMessage request, int code, params (int Type, byte[] Value)[] attributes) =>
        new StunMessage(request.Type | 0x110, [.. attributes, (StunMessage.ErrorCode, [0, 0, (byte)(code / 100), (byte)(code % 100)])])
        {
            Transaction = request.Transaction,
        }.Write();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _task;
        _socket.Dispose();
        _end.Dispose();
    }

    private static string? PeerOf(StunMessage request) => request.FindAddress(StunMessage.XorPeerAddress)?.Address.ToString();

    private async Task RunAsync()
    {
        var buffer = new byte[2048];
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _end.Token);
                var request = StunMessage.Read(buffer.AsSpan(0, received.ReceivedBytes)) ?? throw new AssertionException("That was no STUN message.");
                _requests.Add(request);
                if (_answer(request) is { } answer)
                    await _socket.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, _end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }
}
