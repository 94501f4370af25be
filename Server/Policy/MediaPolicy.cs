using System.Text.Json;
using MeshSignal.Protocol;

namespace MeshSignal.Server.Policy;

/// <summary>
/// Whether a message sends no more than its sender may. Finds descriptions in any shape of payload, escaped, or in JSON within a string.
/// </summary>
internal static class MediaPolicy
{
    // Receivers have no limit on the depth of what they parse from a text, and a text has at most as many brackets as a message has bytes.
    private static readonly JsonReaderOptions AsDeepAsItGets = new() { MaxDepth = int.MaxValue };

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

    /// <summary>By all texts in a JSON value, whatever they are called and however often. What only looks like JSON counts as far as it does.</summary>
    private static MediaTypes SentIn(ReadOnlySpan<byte> json)
    {
        var sent = MediaTypes.None;
        var reader = new Utf8JsonReader(json, AsDeepAsItGets);
        try
        {
            while (reader.Read())
                if (reader.TokenType == JsonTokenType.String)
                    sent |= SentByText(reader);
        }
        catch (JsonException)
        {
            // The message itself is JSON: this is a text within it that begins like some.
        }

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

        // Some libraries send their messages as JSON in a string. It ends by itself: each level takes twice the escapes of the one around it.
        var start = text.TrimStart(" \t\r\n"u8);
        var isNested = !start.IsEmpty && start[0] is ((byte)'{' or (byte)'[' or (byte)'"');
        return SdpMedia.SentBy(text) | (isNested ? SentIn(text) : MediaTypes.None);
    }
}
