using BenchmarkDotNet.Attributes;
using MeshSignal.Bench.Load;
using MeshSignal.Protocol;

namespace MeshSignal.Bench.Micro;

/// <summary>A message from its bytes to its bytes, without any policy.</summary>
public class CodecBenchmarks
{
    private static readonly PeerId From = PeerId.New();
    private static readonly Username Sender = Username.TryParse("peer-1", out var name) ? name : default;

    private byte[] _bytes = [];
    private DirectedMessage _message = null!;

    [Params(false, true)]
    public bool IsOffer { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _bytes = (IsOffer ? Shape.Offer : Shape.Candidate).Message(new string('a', 64), "peer-2");
        _message = (DirectedMessage)Decode()!;
    }

    [Benchmark]
    public ClientMessage? Decode() => MessageCodec.TryDecode(_bytes, out var message, out _) ? message : null;

    [Benchmark]
    public EncodedMessage Encode() => MessageCodec.EncodeRelayed(_message, Sender, From);
}
