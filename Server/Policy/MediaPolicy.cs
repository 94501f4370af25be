using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Policy;

/// <summary>
/// Whether a message sends no more than its sender may. Finds descriptions in any shape of payload, escaped, or in JSON within a string.
/// </summary>
internal static class MediaPolicy
{
    /// <summary>Costs nothing for whoever may send both sound and pictures.</summary>
    /// <param name="rights">What the sender may send. A screen cannot be told from a camera, so whoever may send one of them may send video sections.</param>
    public static bool Allows(MediaTypes rights, DirectedMessage message)
    {
        var sections = (rights & MediaTypes.Audio) | ((rights & (MediaTypes.Video | MediaTypes.Screen)) == 0 ? MediaTypes.None : MediaTypes.Video);
        return sections == (MediaTypes.Audio | MediaTypes.Video) || Holds(message, sections);
    }

    private static bool Holds(DirectedMessage message, MediaTypes sections)
    {
        var payload = message switch
        {
            OfferMessage offer => offer.Offer.Utf8,
            AnswerMessage answer => answer.Answer.Utf8,
            SignalMessage signal => signal.Signal.Utf8,
            _ => default, // A candidate begins no section.
        };
        try
        {
            return payload.IsEmpty || (SentIn(payload.Span) & ~sections) == 0;
        }
        catch (InvalidOperationException)
        {
            return false; // Half of a surrogate pair, written as an escape: receivers read there what they like.
        }
    }

    /// <summary>By all texts in a JSON value, whatever they are called and however often.</summary>
    private static MediaTypes SentIn(ReadOnlySpan<byte> json)
    {
        var sent = MediaTypes.None;
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
            if (reader.TokenType == JsonTokenType.String)
                sent |= SentByText(reader);
        return sent;
    }

    private static MediaTypes SentByText(Utf8JsonReader reader)
    {
        var text = reader.ValueSpan;
        if (reader.ValueIsEscaped)
        {
            var unescaped = new byte[text.Length];
            text = unescaped.AsSpan(0, reader.CopyString(unescaped));
        }

        var start = text.TrimStart(" \t\r\n"u8);
        return SdpMedia.SentBy(text) | (start.IsEmpty || start[0] is not ((byte)'{' or (byte)'[' or (byte)'"') ? MediaTypes.None : SentInNested(text));
    }

    /// <summary>Some libraries send their messages as JSON in a string. It ends by itself: each level takes twice the escapes of the one around it.</summary>
    private static MediaTypes SentInNested(ReadOnlySpan<byte> text)
    {
        try
        {
            return SentIn(text);
        }
        catch (JsonException)
        {
            return MediaTypes.None; // It only looks like JSON.
        }
    }
}
