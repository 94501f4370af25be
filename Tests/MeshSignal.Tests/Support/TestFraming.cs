using MeshSignal.Server.Transport;

namespace MeshSignal.Tests.Support;

/// <summary>
/// The framing of all servers on real sockets, in this process (<see cref="RealServer"/>) and beside it (<see cref="ServerProcess"/>). <c>dotnet test</c> tests
/// the default, <c>dotnet test -p:Fleck=true</c> the same on Fleck. In a build with Fleck, MESHSIGNAL_TEST_FRAMING=Kestrel in the environment tests the default.
/// </summary>
internal static class TestFraming
{
    public static Framing Value { get; } =
        Environment.GetEnvironmentVariable("MESHSIGNAL_TEST_FRAMING") is { Length: > 0 } name ? Enum.Parse<Framing>(name)
        : Framings.Has(Framing.Fleck) ? Framing.Fleck
        : Framing.Kestrel;

    public static bool IsFleck => Value == Framing.Fleck;

    public static (string Key, string Value) Setting => ("MeshSignal:Framing", $"{Value}");
}
