using System.ComponentModel.DataAnnotations;
using MeshSignal.Server.Transport;
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

    /// <summary>Origins of pages, as browsers write them, that may open a socket beside those of <see cref="Policy.OriginPolicy"/>.</summary>
    public List<string> Origins { get; set; } = [];

    /// <summary>Whether clients that say no origin may: those that are no browsers.</summary>
    public bool AllowMissingOrigin { get; set; } = true;

    /// <summary>Names by which this server is reached: pages that were loaded from it under one of them may open a socket.</summary>
    public List<string> Hosts { get; set; } = [];

    /// <summary>Serves sockets and the admin API also to clients that come from elsewhere without TLS: see <see cref="Policy.CleartextPolicy"/>.</summary>
    public bool AllowCleartext { get; set; }

    /// <summary>Must have been compiled in: see <see cref="Framings"/>.</summary>
    public Framing Framing { get; set; }

    [ValidateObjectMembers]
    public CallOptions Calls { get; set; } = new();

    [ValidateObjectMembers]
    public IceOptions Ice { get; set; } = new();

    [ValidateObjectMembers]
    public AuthenticationOptions Authentication { get; set; } = new();

    [ValidateObjectMembers]
    public SessionsOptions Sessions { get; set; } = new();

    [ValidateObjectMembers]
    public HeartbeatOptions Heartbeat { get; set; } = new();

    [ValidateObjectMembers]
    public LimitOptions Limits { get; set; } = new();

    [ValidateObjectMembers]
    public ChatOptions Chat { get; set; } = new();

    [ValidateObjectMembers]
    public AdminOptions Admin { get; set; } = new();
}

internal sealed class CallOptions
{
    public bool Enabled { get; set; } = true;

    /// <summary>Peers in one room. A mesh of n peers has n(n-1)/2 connections, so few clients can do more than 8.</summary>
    [Range(2, 64)]
    public int MaxParticipants { get; set; } = 8;

    public bool AllowVideo { get; set; } = true;

    public bool AllowScreenShare { get; set; } = true;

    /// <summary>No message of signaling tells a peer another's address: see <see cref="Ice.IceRelayPolicy"/>. Needs a TURN server.</summary>
    public bool ForceRelay { get; set; }

    /// <summary>Rooms in which somebody is.</summary>
    [Range(1, 1_000_000)]
    public int MaxRooms { get; set; } = 10_000;

    /// <summary>Rooms for which something else holds. The first whose pattern matches counts.</summary>
    [ValidateEnumeratedItems]
    public List<RoomOptions> Rooms { get; set; } = [];
}

/// <summary>What holds in rooms whose name matches a pattern.</summary>
internal sealed class RoomOptions
{
    /// <summary>A room's name, in which <c>*</c> stands for any characters and <c>?</c> for one. Case matters, as in the names themselves.</summary>
    public string Pattern { get; set; } = "";

    /// <summary>In place of <see cref="CallOptions.ForceRelay"/>.</summary>
    public bool? ForceRelay { get; set; }

    /// <summary>In place of <see cref="CallOptions.AllowVideo"/>.</summary>
    public bool? AllowVideo { get; set; }

    /// <summary>In place of <see cref="CallOptions.AllowScreenShare"/>.</summary>
    public bool? AllowScreenShare { get; set; }

    /// <summary>In place of <see cref="CallOptions.MaxParticipants"/>.</summary>
    [Range(2, 64)]
    public int? MaxParticipants { get; set; }
}

/// <summary>The servers that peers find their paths with, as they are told to them.</summary>
internal sealed class IceOptions
{
    /// <summary>Such as <c>stun:stun.example.org:3478</c> (RFC 7064). Not handed out where calls must be relayed.</summary>
    public List<string> StunUrls { get; set; } = [];

    /// <summary>Such as <c>turn:turn.example.org:3478?transport=udp</c> (RFC 7065). They share <see cref="TurnSecret"/> with this server.</summary>
    public List<string> TurnUrls { get; set; } = [];

    /// <summary>What credentials for <see cref="TurnUrls"/> are signed with: coturn's <c>static-auth-secret</c>.</summary>
    public string TurnSecret { get; set; } = "";

    /// <summary>A file to read it from instead: the secret on the first line, on a second one perhaps the former. Read again when it changes.</summary>
    public string TurnSecretFile { get; set; } = "";

    /// <summary>How long credentials can be used to begin with. What has been allocated with them lives on (RFC 8656 knows no such end).</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan CredentialTtl { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Servers whose user name and password do not change, as a TURN provider gives them.</summary>
    public List<StaticIceServerOptions> StaticServers { get; set; } = [];

    /// <summary>The addresses that the TURN servers relay from, each alone or as a network (<c>198.51.100.0/28</c>).</summary>
    public List<string> RelayRanges { get; set; } = [];

    /// <summary>Passes every candidate that says <c>typ relay</c>, whatever its address: for TURN services whose addresses are not known.</summary>
    public bool TrustRelayCandidateType { get; set; }
}

internal sealed class StaticIceServerOptions
{
    public List<string> Urls { get; set; } = [];

    /// <summary>For TURN; STUN has none.</summary>
    public string Username { get; set; } = "";

    public string Credential { get; set; } = "";
}

internal sealed class SessionsOptions
{
    /// <summary>How long a v1 session whose socket was lost is waited for. Its name and its place in the room are held so long.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan ResumeGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Messages that a v1 session keeps after they were sent, in case they did not arrive.</summary>
    [Range(0, 100_000)]
    public int ReplayMessages { get; set; } = 256;

    /// <summary>The most bytes of them.</summary>
    [Range(0, 64 * 1024 * 1024)]
    public int ReplayBytes { get; set; } = 256 * 1024;

    /// <summary>When the server stops: over how long the sockets are closed, so that their clients do not all come back at once.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(5);
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

    /// <summary>Sockets at a time.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Sockets at a time from one <see cref="Policy.ClientAddress"/>.</summary>
    [Range(1, 1_000_000)]
    public int ConnectionsPerAddress { get; set; } = 50;

    /// <summary>New sockets from one address within <see cref="Policy.ConnectionLimits.Window"/>.</summary>
    [Range(1, 1_000_000)]
    public int NewConnectionsPerAddress { get; set; } = 20;

    /// <summary>Clients on this machine are under no limit that is for addresses, as long as no proxy brings them.</summary>
    public bool ExemptLoopback { get; set; } = true;

    /// <summary>Addresses and networks of the operator's own proxies: what they say about where a client is is believed.</summary>
    public List<string> TrustedProxies { get; set; } = [];

    /// <summary>Offers and answers from one session. Eight peers that join at once and offer to each other stay below, as with the next two.</summary>
    [ValidateObjectMembers]
    public RateOptions Descriptions { get; set; } = new(10, 60);

    /// <summary>Candidates, and the opaque signals of simple-peer and the like.</summary>
    [ValidateObjectMembers]
    public RateOptions Candidates { get; set; } = new(50, 600);

    /// <summary>All other messages but chat, which has <see cref="ChatOptions.MessagesPerSecond"/>. A sixth of the burst, and a twentieth of the rate, may be joins.</summary>
    [ValidateObjectMembers]
    public RateOptions Other { get; set; } = new(20, 60);

    /// <summary>Of all messages of one session.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int BytesPerSecond { get; set; } = 256 * 1024;

    /// <summary>The most bytes at once. Not below <see cref="MessageBytes"/>, else a message could never be sent.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int BytesBurst { get; set; } = 1024 * 1024;

    /// <summary>Only logs and counts what is above the limits, to try them on real users.</summary>
    public bool DryRun { get; set; }
}

/// <summary>A budget that fills again.</summary>
internal sealed class RateOptions(int perSecond, int burst)
{
    public RateOptions()
        : this(1, 1)
    {
    }

    [Range(1, 1_000_000)]
    public int PerSecond { get; set; } = perSecond;

    /// <summary>The most at once.</summary>
    [Range(1, 1_000_000)]
    public int Burst { get; set; } = burst;
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

internal sealed class AdminOptions
{
    /// <summary>What requests to the admin API must bear. Without one there is no admin API. A header, with all others, has 8 KiB.</summary>
    [StringLength(1000)]
    public string Key { get; set; } = "";

    /// <summary>Where bans are kept, as an absolute path; empty for in memory only.</summary>
    public string BansFile { get; set; } = "";
}
