using System.Buffers.Binary;
using System.Text.Unicode;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Policy;

namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>A rule of the framing that a peer broke, and the Close it gets.</summary>
internal sealed record FrameViolation(CloseCode Code, string Reason);

/// <summary>
/// Follows the frame headers of RFC 6455 section 5.2 in a stream of bytes that comes in pieces of any size, and judges each header as soon as it is there:
/// before a byte of a payload that is too large has been buffered anywhere.
/// </summary>
/// <param name="maxMessageBytes">The largest message, all its fragments together.</param>
/// <param name="maxFragments">The most frames of one message, empty ones included.</param>
internal sealed class FrameHeaders(int maxMessageBytes, int maxFragments, TimeProvider time)
{
    /// <summary>A message in fragments must be whole after this long: pings between them would keep its socket alive for ever.</summary>
    public static readonly TimeSpan MessageTime = TimeSpan.FromSeconds(10);

    private const int MaxHeader = 14;
    private const int MaxControlPayload = 125;

    // Each ping costs a pong, and none of them is a message that other limits would see.
    private static readonly RateOptions ControlFrameRate = new(perSecond: 10, burst: 20);

    private readonly byte[] _header = new byte[MaxHeader];
    private TokenBucket _controlFrames;
    private int _headerCount;
    private long _payloadLeft;
    private bool _isClosePayload;
    private byte[]? _closePayload;
    private int _closeCount;
    private int _fragments;
    private long _messageStartedAt;
    private long _lastFrameAt = time.GetTimestamp();

    private enum Opcode
    {
        Continuation = 0,
        Text = 1,
        Binary = 2,
        Close = 8,
        Ping = 9,
        Pong = 10,
    }

    /// <summary>When the last frame was whole. The one member that other threads read.</summary>
    public long LastFrameAt => Volatile.Read(ref _lastFrameAt);

    /// <summary>The peer's Close frame has come in whole.</summary>
    public bool IsPeerClosed { get; private set; }

    /// <summary>The code in it; null if it has none.</summary>
    public CloseCode? PeerCode { get; private set; }

    /// <summary>The length that the current message has declared so far, all its frames.</summary>
    public int MessageBytes { get; private set; }

    /// <summary>Follows the bytes. The first violation ends it: what comes after it means nothing.</summary>
    public FrameViolation? Follow(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var taken = _payloadLeft > 0 ? TakePayload(bytes) : TakeHeader(bytes);
            bytes = bytes[taken..];
            if (_payloadLeft == 0 && _closeCount > 2 && !Utf8.IsValid(_closePayload.AsSpan(2, _closeCount - 2)))
                return new FrameViolation(CloseCode.InvalidPayload, "a reason is not UTF-8");
            if (_headerCount == 0 || _headerCount < HeaderLength())
                continue;

            if (Judge() is { } violation)
                return violation;
            _headerCount = 0;
            if (_payloadLeft == 0)
                EndFrame();
        }

        return null;
    }

    private int TakePayload(ReadOnlySpan<byte> bytes)
    {
        var taken = (int)Math.Min(_payloadLeft, bytes.Length);
        _payloadLeft -= taken;
        if (_isClosePayload)
            KeepClosePayload(bytes[..taken]);
        if (_payloadLeft == 0)
            EndFrame();
        return taken;
    }

    /// <summary>Kept because the WebSocket calls a reason that is not UTF-8 a protocol error, where RFC 6455 section 7.4.1 has a code of its own for it.</summary>
    private void KeepClosePayload(ReadOnlySpan<byte> bytes)
    {
        _closePayload ??= new byte[MaxControlPayload];
        foreach (var masked in bytes)
            _closePayload[_closeCount] = (byte)(masked ^ _header[2 + (_closeCount++ % 4)]);
    }

    private int TakeHeader(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(HeaderLength() - _headerCount, bytes.Length);
        bytes[..taken].CopyTo(_header.AsSpan(_headerCount));
        _headerCount += taken;
        return taken;
    }

    /// <summary>As far as can be told by now: two bytes, then the extended length and the mask that they announce.</summary>
    private int HeaderLength() => _headerCount < 2
        ? 2
        : 2 + (_header[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 } + ((_header[1] & 0x80) != 0 ? 4 : 0);

    private FrameViolation? Judge()
    {
        var isFinal = (_header[0] & 0x80) != 0;
        var opcode = (Opcode)(_header[0] & 0x0F);
        var length = Length(out var isMinimal);

        if ((_header[0] & 0x70) != 0)
            return Error("reserved bits are set");
        if ((_header[1] & 0x80) == 0)
            return Error("a client's frames must be masked");
        if (!isMinimal)
            return Error("a length must be written in its shortest form");

        if (_fragments > 0 && time.GetElapsedTime(_messageStartedAt) > MessageTime)
            return new FrameViolation(CloseCode.PolicyViolation, "a message takes too long");

        _payloadLeft = (long)Math.Min(length, long.MaxValue);
        (_isClosePayload, _closeCount) = (opcode == Opcode.Close, 0);
        return opcode switch
        {
            Opcode.Close or Opcode.Ping or Opcode.Pong => JudgeControl(isFinal, length),
            Opcode.Binary => new FrameViolation(CloseCode.UnsupportedData, "messages are text"),
            Opcode.Text or Opcode.Continuation => JudgeData(opcode, isFinal, length),
            _ => Error("an opcode is unknown"),
        };
    }

    private FrameViolation? JudgeControl(bool isFinal, ulong length)
    {
        if (!isFinal)
            return Error("a control frame must not be fragmented");
        if (length > MaxControlPayload)
            return Error("a control frame must not be longer than 125 bytes");
        return _controlFrames.TryTake(1, ControlFrameRate, time, out _) ? null : new FrameViolation(CloseCode.PolicyViolation, "too many control frames");
    }

    private FrameViolation? JudgeData(Opcode opcode, bool isFinal, ulong length)
    {
        if (opcode == Opcode.Continuation != _fragments > 0)
            return Error(opcode == Opcode.Continuation ? "there is no message to continue" : "the message before must be continued");

        if (_fragments == 0)
            (MessageBytes, _messageStartedAt) = (0, isFinal ? 0 : time.GetTimestamp());
        if (length > (ulong)(maxMessageBytes - MessageBytes))
            return new FrameViolation(CloseCode.MessageTooBig, $"a message must not be larger than {maxMessageBytes} bytes");
        if (++_fragments > maxFragments)
            return new FrameViolation(CloseCode.PolicyViolation, "a message has too many fragments");

        MessageBytes += (int)length;
        if (isFinal)
            _fragments = 0;
        return null;
    }

    private ulong Length(out bool isMinimal)
    {
        var length = (ulong)(_header[1] & 0x7F);
        isMinimal = true;
        if (length == 126)
        {
            length = BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(2));
            isMinimal = length > 125;
        }
        else if (length == 127)
        {
            length = BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(2));
            isMinimal = length is > ushort.MaxValue and <= long.MaxValue;
        }

        return length;
    }

    private void EndFrame()
    {
        Volatile.Write(ref _lastFrameAt, time.GetTimestamp());
        if (!_isClosePayload || IsPeerClosed)
            return;

        IsPeerClosed = true;
        PeerCode = _closeCount < 2 ? null : (CloseCode)BinaryPrimitives.ReadUInt16BigEndian(_closePayload);
    }

    private static FrameViolation Error(string reason) => new(CloseCode.ProtocolError, reason);
}
