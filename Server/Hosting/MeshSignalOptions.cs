using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace MeshSignal.Server.Hosting;

/// <summary>Everything under <c>MeshSignal</c> in the configuration. <c>config/README.md</c> says what each key means to an operator.</summary>
internal sealed class MeshSignalOptions
{
    public const string Section = "MeshSignal";

    /// <summary>What <c>/server-info</c> calls this server.</summary>
    [StringLength(100, MinimumLength = 1)]
    public string Name { get; set; } = "MeshSignal";

    /// <summary>Told to everybody who connects with chat; empty for none.</summary>
    [StringLength(1000)]
    public string Motd { get; set; } = "";

    [ValidateObjectMembers]
    public CallOptions Calls { get; set; } = new();

    [ValidateObjectMembers]
    public HeartbeatOptions Heartbeat { get; set; } = new();

    [ValidateObjectMembers]
    public LimitOptions Limits { get; set; } = new();

    [ValidateObjectMembers]
    public ChatOptions Chat { get; set; } = new();
}

internal sealed class CallOptions
{
    public bool Enabled { get; set; } = true;

    /// <summary>Peers in one room. A mesh of n peers has n(n-1)/2 connections, so few clients can do more than 8.</summary>
    [Range(2, 64)]
    public int MaxParticipants { get; set; } = 8;

    public bool AllowVideo { get; set; } = true;

    public bool AllowScreenShare { get; set; } = true;
}

internal sealed class HeartbeatOptions
{
    /// <summary>How often clients are asked to send a <c>ping</c>. Any frame counts as life, so nothing depends on their doing it.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest silence, whatever the server's own pings find. Above <see cref="PingInterval"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>The silence after which the server sends an RFC 6455 ping; <see cref="Connections.Liveness.PongTimeout"/> more and the socket is closed.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(15);
}

internal sealed class LimitOptions
{
    /// <summary>The largest message a client may send, in bytes, judged by the length that its frames declare.</summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int MessageBytes { get; set; } = 64 * 1024;

    /// <summary>The most frames one message may come in; empty ones count.</summary>
    [Range(1, 4096)]
    public int Fragments { get; set; } = 64;

    /// <summary>The most bytes that may wait for one peer to read. Not below <see cref="MessageBytes"/>, else a message could never be delivered.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int SendQueueBytes { get; set; } = 1024 * 1024;

    /// <summary>The most messages that may wait for one peer to read. A newcomer gets half a dozen at once.</summary>
    [Range(16, 1_000_000)]
    public int SendQueueMessages { get; set; } = 1024;

    /// <summary>The longest that a message may wait for its peer to read.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(10);
}

internal sealed class ChatOptions
{
    public bool Enabled { get; set; } = true;

    /// <summary>Lines that a newcomer is shown; 0 for none.</summary>
    [Range(0, 10_000)]
    public int History { get; set; } = 100;

    /// <summary>The most bytes of history that a scope keeps, as encoded.</summary>
    [Range(0, 64 * 1024 * 1024)]
    public int HistoryBytes { get; set; } = 256 * 1024;

    /// <summary>Chat messages a second from one session.</summary>
    [Range(1, 1000)]
    public int MessagesPerSecond { get; set; } = 3;

    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan NickCooldown { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>With more listeners than this in a scope, its joined and left lines are not sent.</summary>
    [Range(0, 1_000_000)]
    public int AnnounceLimit { get; set; } = 100;
}
