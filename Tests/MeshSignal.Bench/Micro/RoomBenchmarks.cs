using System.Text;
using BenchmarkDotNet.Attributes;
using MeshSignal.Bench.Load;
using MeshSignal.Bench.Load.Dialects;
using MeshSignal.Bench.Servers;
using MeshSignal.Protocol;
using MeshSignal.Server.Connections;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace MeshSignal.Bench.Micro;

/// <summary>The whole way of a message through the server, from a socket to another one, in a room of two; there is only no network at either end.</summary>
public class RoomBenchmarks
{
    private WebApplication _server = null!;
    private MemorySocket _caller = null!;
    private MemorySocket _callee = null!;
    private byte[] _message = [];

    [Params(false, true)]
    public bool IsOffer { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _server = WebServer.Build(WebServer.CreateBuilder(MeshSignalServer.AmpleBudgets));
        (_caller, _callee) = (new MemorySocket(), new MemorySocket());
        var caller = Enter(_caller, 0, out _);
        Enter(_callee, 1, out var members);
        _callee.Forget();
        var calleeName = "peer-1";
        foreach (var shape in new[] { Shape.Offer, Shape.Candidate })
        {
            _message = caller.Write(shape, calleeName);
            Relay();
        }

        if (!members.Contains("peer-0", StringComparer.Ordinal) || _callee.Last.Span.IndexOf(Encoding.UTF8.GetBytes(Shape.Candidate.Value)) < 0)
            throw new BenchException("the two are not connected");
        _message = caller.Write(IsOffer ? Shape.Offer : Shape.Candidate, calleeName);
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _caller.Abort();
        _callee.Abort();
        ((IDisposable)_server).Dispose();
    }

    [Benchmark]
    public void Relay()
    {
        _caller.Hear(_message);
        _callee.AwaitMessage();
    }

    private MeshSignalDialect Enter(MemorySocket socket, int place, out string[] members)
    {
        var dialect = new MeshSignalDialect("room", place);
        var request = new ConnectionRequest(Profile.V1, $"peer-{place}", "room");
        _ = _server.Services.GetRequiredService<ConnectionHandler>().RunAsync(socket, request);
        while (true)
        {
            socket.AwaitMessage();
            var heard = dialect.Hear(socket.Last.Span);
            if (heard.Say is { } answer) socket.Hear(answer);
            if (heard.Members is null) continue;
            members = heard.Members;
            return dialect;
        }
    }
}
