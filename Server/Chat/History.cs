using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;

namespace MeshSignal.Server.Chat;

/// <summary>A scope's last lines, kept as they will be sent. Bounded in lines and in bytes; the oldest go first.</summary>
internal sealed class History(ChatOptions options)
{
    private readonly Queue<EncodedMessage> _lines = new();
    private int _bytes;

    public void Add(HistoryEntry entry)
    {
        var line = MessageCodec.Encode(entry);
        _lines.Enqueue(line);
        _bytes += line.Length;
        while (_lines.Count > options.History || _bytes > options.HistoryBytes)
            _bytes -= _lines.Dequeue().Length;
    }

    public EncodedMessage ToMessage() => MessageCodec.EncodeHistory(_lines);
}
