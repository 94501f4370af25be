using System.Text;
using MeshSignal.Protocol;

namespace MeshSignal.Tests.Protocol;

/// <summary>What the codec makes of a text.</summary>
internal static class Decoding
{
    public static ClientMessage Decode(string json)
    {
        Assert.That(MessageCodec.TryDecode(Encoding.UTF8.GetBytes(json), out var message, out var failure), Is.True, $"{failure}: {json}");
        return message!;
    }

    public static T Decode<T>(string json)
        where T : ClientMessage
    {
        var message = Decode(json);
        Assert.That(message, Is.TypeOf<T>());
        return (T)message;
    }

    public static DecodeFailure Fail(string json) => Fail(Encoding.UTF8.GetBytes(json));

    /// <summary>Without the token, which is a slice and equal to nothing but itself.</summary>
    public static DecodeFailure Fail(byte[] utf8)
    {
        Assert.That(MessageCodec.TryDecode(utf8, out _, out var failure), Is.False);
        return failure with { Token = null };
    }

    /// <summary>The token of a message that fails.</summary>
    public static string? FailingToken(string json)
    {
        Assert.That(MessageCodec.TryDecode(Encoding.UTF8.GetBytes(json), out _, out var failure), Is.False);
        return failure.Token?.Text();
    }

    public static string Text(this ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);

    public static string Text(this EncodedMessage message) => message.Utf8.Text();
}
