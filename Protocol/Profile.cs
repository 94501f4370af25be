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
}
