using BenchmarkDotNet.Attributes;
using MeshSignal.Bench.Load;
using MeshSignal.Protocol;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Ice;
using Microsoft.Extensions.DependencyInjection;

namespace MeshSignal.Bench.Micro;

/// <summary>A message under the relay policy: a candidate of a relay, which passes, and an offer whose candidates are left out.</summary>
public class PolicyBenchmarks
{
    private IceRelayPolicy _policy = null!;
    private DirectedMessage _message = null!;

    [Params(false, true)]
    public bool IsOffer { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        _policy = ActivatorUtilities.CreateInstance<IceRelayPolicy>(services, new IceOptions { RelayRanges = ["198.51.100.0/28"] });
        var bytes = (IsOffer ? Shape.Offer : Shape.RelayCandidate).Message(new string('a', 64), "peer-2");
        _message = MessageCodec.TryDecode(bytes, out var message, out _) ? (DirectedMessage)message : throw new BenchException("not understood");
        if (_policy.Apply(_message).Message is null) throw new BenchException("the policy passes nothing");
    }

    [Benchmark]
    public object? Apply() => _policy.Apply(_message).Message;
}
