using System.Net;
using MeshSignal.Bench.Load.Dialects;

namespace MeshSignal.Bench.Load;

/// <summary>One of a room that fills in a moment: it offers to everybody who was there before, answers everybody who offers, and sends its candidates after either.</summary>
internal sealed class StormPeer(Dialect dialect, int others) : IDisposable
{
    // A pair has ten.
    private const int Candidates = 5;

    /// <summary>Messages that each gets from each other.</summary>
    public const int FromEach = 1 + Candidates;

    private WireSocket? _wire;
    private int _missing = others * FromEach;

    /// <summary>Messages that have not come yet.</summary>
    public int Missing => Volatile.Read(ref _missing);

    public async Task ConnectAsync(IPEndPoint server, CancellationToken cancel) =>
        _wire = await WireSocket.OpenAsync(server, dialect.Path, dialect.Subprotocol, entry: null, cancel);

    /// <summary>Completes when all has come that was to come.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            while (_wire!.TryTake(out var message)) Serve(dialect.Hear(message));
            if (_missing == 0) return;
            await _wire.FillAsync(cancel);
        }
    }

    /// <summary>Leaves in good order.</summary>
    public void Dispose()
    {
        try
        {
            _wire?.Send(Frame.Build(Frame.Close, [0x03, 0xe8]));
        }
        catch (System.Net.Sockets.SocketException)
        {
            // It is gone already.
        }

        _wire?.Dispose();
    }

    private void Serve(Heard heard)
    {
        if (heard.Say is { } answer) _wire!.Send(Frame.Build(Frame.Text, answer));
        foreach (var member in heard.Members ?? []) Describe(Shape.Offer, member);
        if (heard.Signal is null) return;

        if (--_missing < 0) throw new BenchException("one message more than was sent");
        if (heard.Signal == Shape.Offer) Describe(Shape.Answer, heard.From!);
    }

    private void Describe(Shape description, string to)
    {
        _wire!.Send(Frame.Build(Frame.Text, dialect.Write(description, to)));
        var candidate = Frame.Build(Frame.Text, dialect.Write(Shape.Candidate, to));
        for (var sent = 0; sent < Candidates; sent++) _wire.Send(candidate);
    }
}
