namespace MeshSignal.Bench;

/// <summary>The run is void; the message is all that its reader needs.</summary>
internal sealed class BenchException(string message) : Exception(message);
