using System.Text.Json.Serialization;

namespace MeshSignal.Protocol;

/// <summary>The two languages that are spoken on the one endpoint, freely mixed in one room.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Profile>))]
public enum Profile
{
    /// <summary>Exactly the messages that js-chat-server clients know, with further fields on them.</summary>
    [JsonStringEnumMemberName("legacy")]
    Legacy,

    /// <summary>The same, and further message types. Chosen by the WebSocket subprotocol of the same name.</summary>
    [JsonStringEnumMemberName(Subprotocols.V1)]
    V1,
}

public static class Subprotocols
{
    public const string V1 = "meshsignal.v1";

    /// <summary>Starts the entry <c>resume.&lt;token&gt;.&lt;count&gt;</c>: go on with that session, of which so many messages have arrived.</summary>
    public const string ResumePrefix = "resume.";

    /// <summary>Starts the entry <c>release.&lt;token&gt;</c>: that session is over, its name is wanted here.</summary>
    public const string ReleasePrefix = "release.";

    /// <summary>Starts the entry <c>bearer.&lt;JWT&gt;</c>: this is who I am.</summary>
    public const string BearerPrefix = "bearer.";
}
