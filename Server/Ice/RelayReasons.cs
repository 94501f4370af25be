namespace MeshSignal.Server.Ice;

/// <summary>Why the relay policy kept something back.</summary>
[Flags]
internal enum RelayReasons
{
    None = 0,

    /// <summary>It does not follow its grammar, or has a shape that the policy cannot rebuild.</summary>
    Malformed = 1,

    /// <summary>A candidate of another type than <c>relay</c>.</summary>
    Type = 2,

    /// <summary>A candidate for another transport than UDP and TCP.</summary>
    Transport = 4,

    /// <summary>A relay candidate whose address is none of the operator's relays.</summary>
    Address = 8,

    /// <summary>An address or a <c>.local</c> name where neither belongs.</summary>
    AddressLeak = 16,
}

/// <summary>What the policy found in one message.</summary>
internal record struct RelayFindings
{
    public RelayReasons Reasons { get; private set; }

    /// <summary>Candidates that were left out.</summary>
    public int Dropped { get; private set; }

    /// <summary>Candidates that may pass.</summary>
    public int Usable { get; private set; }

    /// <summary>There is a description in it, so candidates are to come.</summary>
    public bool IsDescription { get; private set; }

    /// <summary>The message says that no more candidates will come.</summary>
    public bool IsEnd { get; private set; }

    public void Pass() => Usable++;

    public void MarkDescription() => IsDescription = true;

    public void End() => IsEnd = true;

    /// <summary>Nothing of the message passes, so what was well with it does not matter.</summary>
    public void Void() => (Usable, IsDescription, IsEnd) = (0, false, false);

    public void Drop(RelayReasons reason)
    {
        Dropped++;
        Reasons |= reason;
    }

    /// <summary>The whole message, for something else than a candidate in it.</summary>
    public void Refuse(RelayReasons reason) => Reasons |= reason;

    public readonly string? Text => TextOf(Reasons);

    /// <summary>As <c>webrtc-error.reason</c> has it: the reasons' names in the order of the enumeration, with commas between.</summary>
    public static string? TextOf(RelayReasons reasons)
    {
        if (reasons == RelayReasons.None)
            return null;

        return string.Join(',', Names.Where(name => reasons.HasFlag(name.Reason)).Select(static name => name.Text));
    }

    private static readonly (RelayReasons Reason, string Text)[] Names =
    [
        (RelayReasons.Malformed, "malformed"), (RelayReasons.Type, "type"), (RelayReasons.Transport, "transport"),
        (RelayReasons.Address, "address"), (RelayReasons.AddressLeak, "address-leak"),
    ];
}
