using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Ice;

/// <summary>What simple-peer's answering side asks of the offering one, beside descriptions and candidates: a new offer, or a media section. Written anew from enumerations.</summary>
internal static class SimplePeerWish
{
    private const string Renegotiate = "renegotiate";
    private const string TransceiverRequest = "transceiverRequest";

    public static bool IsOne(string? type) => type is Renegotiate or TransceiverRequest;

    /// <summary>False if it is not understood.</summary>
    public static bool TryWrite(PayloadMembers members, Utf8JsonWriter json) =>
        members.Text(PayloadMember.Type) == Renegotiate ? TryWriteRenegotiate(members, json) : TryWriteTransceiverRequest(members, json);

    private static bool TryWriteRenegotiate(PayloadMembers members, Utf8JsonWriter json)
    {
        if (members.Kind(PayloadMember.Renegotiate) != JsonTokenType.True)
            return false;

        json.WriteStartObject();
        json.WriteString("type"u8, Renegotiate);
        json.WriteBoolean("renegotiate"u8, true);
        json.WriteEndObject();
        return true;
    }

    private static bool TryWriteTransceiverRequest(PayloadMembers members, Utf8JsonWriter json)
    {
        var request = new PayloadMembers(members.Value(PayloadMember.TransceiverRequest), stackalloc MemberSlice[PayloadMembers.Names.Length]);
        if (!request.TryScan() || request.Text(PayloadMember.Kind) is not ("audio" or "video"))
            return false;

        json.WriteStartObject();
        json.WriteString("type"u8, TransceiverRequest);
        json.WriteStartObject("transceiverRequest"u8);
        json.WriteString("kind"u8, request.Text(PayloadMember.Kind));
        var passes = TryWriteInit(request.Value(PayloadMember.Init), json);
        json.WriteEndObject();
        json.WriteEndObject();
        return passes;
    }

    private static bool TryWriteInit(ReadOnlySpan<byte> init, Utf8JsonWriter json)
    {
        if (init.IsEmpty)
            return true;

        var members = new PayloadMembers(init, stackalloc MemberSlice[PayloadMembers.Names.Length]);
        var isKnown = members.TryScan()
            && (!members.Has(PayloadMember.Direction) || members.Text(PayloadMember.Direction) is "sendrecv" or "sendonly" or "recvonly" or "inactive" or "stopped");
        if (!isKnown)
            return false;

        json.WriteStartObject("init"u8);
        if (members.Has(PayloadMember.Direction))
            json.WriteString("direction"u8, members.Text(PayloadMember.Direction));
        json.WriteEndObject();
        return true;
    }
}
