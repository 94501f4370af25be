using System.Globalization;
using System.Text;
using MeshSignal.Protocol;
using MeshSignal.Server.Chat;
using MeshSignal.Server.Hosting;
using MeshSignal.Server.Sessions;

namespace MeshSignal.Server.Routing;

/// <summary>What users say to their scope, and that they are about to.</summary>
internal sealed class ChatHandler(ChatCommands commands, ChatOptions options)
{
    private const int MaxCharacters = 2000; // UTF-16 units, as js-chat-server counts.
    private const int MaxBytes = 5120; // UTF-8.

    public async ValueTask<Reply> SayAsync(Session session, ChatMessage message)
    {
        if (!session.Chat.Rate.TryAdd(out var retryAfter))
            return new Refusal(ErrorCode.RateLimited) { Text = RateText, RetryAfter = retryAfter };
        if (!session.Chat.IsListening)
            return new Refusal(ErrorCode.Disabled) { Text = "Chat is off" };

        var text = message.Content.Trim();
        if (text.Length > MaxCharacters)
            return new Refusal(ErrorCode.TooLarge) { Text = "Your message is too long. Max 2000 characters." };
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
            return new Refusal(ErrorCode.TooLarge) { Text = "Your message is too large. Max 5KB." };
        if (!FreeText.IsClean(text))
            return new Refusal(ErrorCode.InvalidMessage);

        if (!text.StartsWith('/'))
            session.Scope!.Say(session, text);
        else if (await commands.RunAsync(session, session.Scope!, text) is { } line)
            session.Deliver(new SystemMessage(line));
        return Reply.Done;
    }

    public Reply Type(Session session)
    {
        if (!session.Chat.IsListening)
            return new Refusal(ErrorCode.Disabled) { Text = "Chat is off" };

        session.Scope!.Type(session);
        return Reply.Done;
    }

    private string RateText =>
        string.Create(CultureInfo.InvariantCulture, $"You are sending messages too fast. Limit is {options.MessagesPerSecond} per second.");
}
