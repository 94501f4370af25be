using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Fleck;
using MeshSignal.Protocol;
using MeshSignal.Server.Transport.Kestrel;

namespace MeshSignal.Server.Transport.Fleck;

/// <summary>
/// Fleck makes messages of frames and frames of messages, and nothing else: Kestrel has the port, TLS and the request, and the <see cref="FrameGuard"/> has
/// judged every frame by the length that it declares. A connection of Fleck's whose handler is there already parses no request and answers none. It is never
/// told that the socket has ended, so it never closes it, nor says so twice, nor prints anything: what it finds comes back from <see cref="ReceiveAsync"/>.
/// </summary>
internal sealed class FleckSocket : GuardedSocket
{
    // What Fleck needs to know of a request, to choose the framing of RFC 6455.
    private static readonly WebSocketHttpRequest Request = new() { Headers = { ["Sec-WebSocket-Version"] = "13" } };

    private readonly WebSocketConnection _connection;
    private readonly FleckFeed _feed;

    // What Fleck's callbacks leave for the reader: room for one of each is enough, because Fleck gets the next frame only when they have been taken.
    private string? _message;
    private Task _pong = Task.CompletedTask;
    private SocketEnd? _end;

    public FleckSocket(IDuplexPipe pipe, FrameHeaders headers, TimeProvider time, Action abort)
        : base(pipe, headers, time, abort)
    {
        // A handler of their own: Fleck takes a control frame within a message for a part of it.
        var controls = HandlerFactory.BuildHandler(
            Request, onMessage: null, onClose: EndByPeer, onBinary: null, onPing: Answer, onPong: static _ => { });
        _feed = new FleckFeed(Guard, controls);
        _connection = new WebSocketConnection(_feed, initialize: null, parseRequest: null, handlerFactory: null, negotiateSubProtocol: null)
        {
            Handler = HandlerFactory.BuildHandler(Request, text => _message = text, onClose: null, onBinary: null, onPing: null, onPong: null),
        };
        _connection.StartReceiving();
    }

    public override async ValueTask<Received> ReceiveAsync()
    {
        try
        {
            while (_end is null)
            {
                if (!await _feed.TryFeedAsync())
                    _end = EndOfReading();

                // Whoever sends pings and does not read waits, instead of pongs that pile up.
                await _pong;
                if (_message is not { } text)
                    continue;

                _message = null;
                if (!Guard.IsCloseSent)
                    return Encode(text);
            }
        }
        catch (WebSocketException e)
        {
            _end = EndByRule(e.StatusCode);
        }
        catch (Exception e) when (IsSocketFailure(e))
        {
            _end = EndOfReading();
        }

        return Received.Ended(_end);
    }

    /// <summary>Fleck has no way to send text but from a string: the bytes are decoded here, and encoded again there.</summary>
    public override ValueTask SendAsync(ReadOnlyMemory<byte> utf8) =>
        WriteAsync(new ValueTask(_connection.Send(Encoding.UTF8.GetString(utf8.Span))));

    private static Received Encode(string text)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetByteCount(text));
        return Received.Whole(buffer, Encoding.UTF8.GetBytes(text, buffer));
    }

    private void Answer(byte[] ping) => _pong = _connection.SendPong(ping);

    /// <summary>Fleck does not say with which code.</summary>
    private void EndByPeer() =>
        _end = new SocketEnd(SocketEndCause.ClosedByPeer, Headers.PeerCode ?? CloseCode.Normal, "", HasNoCode: Headers.PeerCode is null);

    private SocketEnd EndByRule(ushort code)
    {
        // The guard has left only one way to a protocol error: a Close whose code Fleck does not know. These are in IANA's registry since.
        if (code == WebSocketStatusCodes.ProtocolError && Headers.PeerCode is >= CloseCode.ServiceRestart and <= (CloseCode)1014)
        {
            EndByPeer();
            return _end!;
        }

        return new SocketEnd(SocketEndCause.Violation, (CloseCode)code, code == WebSocketStatusCodes.InvalidFramePayloadData ? "a text is not UTF-8" : "");
    }
}
