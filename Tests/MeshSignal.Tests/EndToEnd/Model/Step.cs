using FsCheck;
using FsCheck.Fluent;

namespace MeshSignal.Tests.EndToEnd.Model;

internal enum StepKind
{
    Connect,
    Join,
    Leave,
    Rename,
    Close,
    Abort,
    Offer,
    Answer,
    Candidate,
    Signal,
}

/// <summary>One thing that one peer does.</summary>
/// <param name="Peer">Who.</param>
/// <param name="Other">To whom, where there is a target.</param>
/// <param name="Pick">Which room or which name.</param>
internal readonly record struct Step(StepKind Kind, int Peer, int Other, int Pick)
{
    private const int MaxPeers = 6;

    private static readonly (int, Gen<StepKind>)[] Kinds =
    [
        (3, Gen.Constant(StepKind.Connect)), (3, Gen.Constant(StepKind.Join)), (2, Gen.Constant(StepKind.Leave)), (2, Gen.Constant(StepKind.Rename)),
        (1, Gen.Constant(StepKind.Close)), (1, Gen.Constant(StepKind.Abort)), (4, Gen.Constant(StepKind.Offer)), (4, Gen.Constant(StepKind.Answer)),
        (6, Gen.Constant(StepKind.Candidate)), (3, Gen.Constant(StepKind.Signal)),
    ];

    /// <summary>What is done in fact: whoever is not there comes first, and mostly joins before it relays, so that little is spent on what cannot be.</summary>
    public Step When(bool isConnected, bool isInRoom) =>
        !isConnected ? this with { Kind = StepKind.Connect }
        : Kind == StepKind.Connect ? this with { Kind = StepKind.Join }
        : Kind >= StepKind.Offer && !isInRoom && Pick > 0 ? this with { Kind = StepKind.Join }
        : this;

    /// <summary>Up to 120 steps of three to six peers. Shrinks by leaving steps out, so that what is shown of a failure is short.</summary>
    public static Arbitrary<Step[]> Scenarios { get; } = Arb.From(
        from peers in Gen.Choose(3, MaxPeers)
        from length in Gen.Choose(1, 120)
        from steps in AnyOf(peers).ArrayOf(length)
        select steps,
        Shorter);

    private static Gen<Step> AnyOf(int peers) =>
        from kind in Gen.Frequency(Kinds)
        from peer in Gen.Choose(0, peers - 1)
        from other in Gen.Choose(0, peers - 1)
        from pick in Gen.Choose(0, 3)
        select new Step(kind, peer, other, pick);

    /// <summary>First halves, then everything but one step.</summary>
    private static IEnumerable<Step[]> Shorter(Step[] steps)
    {
        if (steps.Length > 1)
        {
            yield return steps[..(steps.Length / 2)];
            yield return steps[(steps.Length / 2)..];
        }

        for (var i = 0; i < steps.Length; i++)
            yield return [.. steps[..i], .. steps[(i + 1)..]];
    }
}
