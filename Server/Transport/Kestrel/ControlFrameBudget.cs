namespace MeshSignal.Server.Transport.Kestrel;

/// <summary>Control frames a peer may send: 10 a second, 20 at once. Each ping costs a pong, and none of them is a message that other limits would see.</summary>
internal sealed class ControlFrameBudget(TimeProvider time)
{
    private const double PerSecond = 10;
    private const double Burst = 20;

    private double _left = Burst;
    private long _filledAt = time.GetTimestamp();

    public bool TryTake()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(Burst, _left + (time.GetElapsedTime(_filledAt, now).TotalSeconds * PerSecond));
        _filledAt = now;
        if (_left < 1)
            return false;

        _left--;
        return true;
    }
}
