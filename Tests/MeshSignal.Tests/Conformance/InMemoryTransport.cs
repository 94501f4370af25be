using MeshSignal.Tests.Support;

namespace MeshSignal.Tests.Conformance;

/// <summary>The transport of the second rung keeps the promises that its tests rely on.</summary>
internal sealed class InMemoryTransport : TransportConformance
{
    protected override Task<OpenTransport> OpenAsync(bool answersClose = true)
    {
        var socket = new InMemorySocket(Limits, Clock) { AnswersPings = answersClose };
        return Task.FromResult(new OpenTransport(socket, socket, () => Task.CompletedTask));
    }
}
