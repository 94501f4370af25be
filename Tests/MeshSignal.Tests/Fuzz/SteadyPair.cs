using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Fuzz;

/// <summary>Two peers in a call who do everything right, and count: whatever others do, nothing of theirs may be lost, changed or out of order.</summary>
internal sealed class SteadyPair
{
    private const int CandidatesEach = 2;

    private readonly FuzzPeer _caller;
    private readonly FuzzPeer _callee;

    private SteadyPair(FuzzPeer caller, FuzzPeer callee) => (_caller, _callee) = (caller, callee);

    /// <summary>Messages that have arrived.</summary>
    public long Arrived { get; private set; }

    /// <summary>Of two who have read nothing yet.</summary>
    public static async Task<SteadyPair> InCallAsync(FuzzPeer caller, FuzzPeer callee)
    {
        foreach (var peer in new[] { caller, callee })
        {
            await peer.HearAsync(MessageTypes.HeartbeatConfig);
            await peer.SendAsync($$"""{"type":"webrtc-join","token":"{{peer.Token}}"}""");
            await peer.HearAsync(MessageTypes.Joined);
        }

        await caller.HearAsync(MessageTypes.PeerJoined, joined => joined.GetProperty("username").GetString() == callee.Name);
        return new SteadyPair(caller, callee);
    }

    /// <summary>An offer, its answer, and candidates both ways.</summary>
    /// <exception cref="FuzzFault">Something else arrived than was sent.</exception>
    public async Task ExchangeAsync()
    {
        var first = Arrived;
        await CarryAsync(_caller, _callee, MessageTypes.Offer, "offer", $$"""{"type":"offer","sdp":"{{first}}"}""");
        await CarryAsync(_callee, _caller, MessageTypes.Answer, "answer", $$"""{"type":"answer","sdp":"{{first}}"}""");
        for (var i = 0; i < CandidatesEach; i++)
        {
            await SendAsync(_caller, _callee, MessageTypes.IceCandidate, "candidate", Candidate(first, i));
            await SendAsync(_callee, _caller, MessageTypes.IceCandidate, "candidate", Candidate(first, i));
        }

        for (var i = 0; i < CandidatesEach; i++)
        {
            await ExpectAsync(_caller, _callee, MessageTypes.IceCandidate, "candidate", Candidate(first, i));
            await ExpectAsync(_callee, _caller, MessageTypes.IceCandidate, "candidate", Candidate(first, i));
        }
    }

    private static string Candidate(long first, int i) => $$"""{"candidate":"candidate:{{first}} {{i}}"}""";

    private static Task SendAsync(FuzzPeer from, FuzzPeer to, string type, string member, string payload) =>
        from.SendAsync($$"""{"type":"{{type}}","token":"{{from.Token}}","targetUsername":"{{to.Name}}","{{member}}":{{payload}}}""");

    private async Task CarryAsync(FuzzPeer from, FuzzPeer to, string type, string member, string payload)
    {
        await SendAsync(from, to, type, member, payload);
        await ExpectAsync(from, to, type, member, payload);
    }

    private async Task ExpectAsync(FuzzPeer from, FuzzPeer to, string type, string member, string payload)
    {
        // Others may send to it too, and come and go; from the partner nothing may come but the next one.
        var message = await to.HearAsync(type, message => IsFrom(message, from));
        if (message.GetProperty(member).GetRawText() != payload)
            throw new FuzzFault($"{to.Name} waited for {payload}, and got {message}");
        Arrived++;
    }

    private static bool IsFrom(JsonElement message, FuzzPeer peer) => message.GetProperty("fromUsername").GetString() == peer.Name;
}
