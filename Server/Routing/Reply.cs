using MeshSignal.Protocol;

namespace MeshSignal.Server.Routing;

/// <summary>What comes back from handling a message: a value, so that answering is the connection's business and nobody calls back.</summary>
internal readonly record struct Reply
{
    private Reply(bool isAnswered, Refusal? refusal) => (IsAnswered, Refusal) = (isAnswered, refusal);

    /// <summary>It was carried out; a sender that gave an id gets an <c>ack</c>.</summary>
    public static Reply Done => default;

    /// <summary>It was carried out, and its own answer has been queued.</summary>
    public static Reply Answered => new(true, null);

    public bool IsAnswered { get; }

    /// <summary>Why it was not carried out.</summary>
    public Refusal? Refusal { get; }

    public static implicit operator Reply(Refusal refusal) => new(false, refusal);
}

/// <summary>Why a message was not carried out.</summary>
internal sealed record Refusal(ErrorCode Code)
{
    /// <summary>In place of the code's own text.</summary>
    public string? Text { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public string? Reason { get; init; }

    /// <summary>How many candidates were dropped.</summary>
    public int? Dropped { get; init; }
}
